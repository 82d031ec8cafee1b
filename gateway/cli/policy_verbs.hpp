// SPDX-License-Identifier: Apache-2.0
// Private to the policy commands: what they read from the command line, ask and print alike.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <boost/json/value.hpp>

#include "cli/api_client.hpp"
#include "cli/command.hpp"

namespace frugal::cli {

struct PolicyOptions {
    std::string named;       ///< the task, as it was given
    std::uint32_t task = 0;  ///< its number
    std::string file;
    std::string release;
    std::string comment;
    bool is_at_once = false;
    std::string shares = "5,25,100";
    std::uint32_t wait_s = 600;
    std::int64_t shadow_s = -1;
    std::uint32_t version = 0;
    std::string first;
    std::string second;
    std::string device;
    std::string label;
    std::string pin;
    std::uint64_t sequence = 0;
    bool is_dry_run = false;
    std::uint32_t if_version = 0;  ///< what the caller has seen; 0: not said
};
using Options = std::shared_ptr<PolicyOptions>;

inline constexpr const char* kTaskHelp = "its name or number";

std::string policy_path(const PolicyOptions& options);

/// Asks; prints the answer as JSON, or lets `print` tell it to people.
base::Result<int> ask(const Context& context, const std::string& schema, const ApiRequest& request,
                      const std::function<void(const boost::json::value&)>& print);

/// What the gateway said of a text it was sent, with the name of the text's file in its place.
base::Error named_after(base::Error error, const std::string& file);

/// Which version was made, and whether it is in force.
void print_set(const boost::json::value& answer);

/// Which version would be made, what would become of it, and what it says otherwise.
void print_trial(const boost::json::value& answer);

/// A table of what two policies say differently; "no difference" if nothing.
void print_difference(const boost::json::value& answer, const std::string& before,
                      const std::string& after);

/// Whom alone an item is for: a device's name or "label TEXT"; `classes` if it is for whole
/// classes.
std::string for_whom(const boost::json::value& item, std::string_view classes);

/// "&device=NAME", "&label=TEXT" or nothing: for whom a version is, if not for whole classes.
std::string audience_query(const PolicyOptions& options);
void add_audience_options(CLI::App& command, const Options& options);

using Verb = base::Result<int> (*)(const Context&, const PolicyOptions&);

/// A subcommand; the task it names is looked up before the verb runs.
CLI::App* add_verb(CLI::App& noun, Context& context, const std::string& name,
                   const std::string& help, const Options& options, Verb verb);

void add_policy_rollout_commands(CLI::App& policy, Context& context, const Options& options);
void add_override_commands(CLI::App& policy, Context& context, const Options& options);

}  // namespace frugal::cli
