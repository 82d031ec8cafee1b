// SPDX-License-Identifier: Apache-2.0
// What every command of frugalctl shares: the options before the noun, and how a command is hung
// into the tree. One process runs one command; main owns the context.
#pragma once

#include <functional>
#include <string>

#include <CLI/App.hpp>

#include "base/result.hpp"

namespace frugal::cli {

/// Options that come before the noun.
struct Context {
    std::string site;   ///< the site's directory: its frugal.toml tells the socket
    std::string url;    ///< https://host:port instead of the socket
    std::string token;  ///< with url
    std::string ca_file;
    bool json = false;
    int timeout_s = 75;  ///< of a whole request; the daemon itself gives up on one after 60
    std::function<int()> chosen;  ///< the command the arguments named
};

/// Runs the action when this command is named; an Error becomes text and an exit code.
void on_command(CLI::App& command, Context& context, std::function<base::Result<int>()> action);

void add_setup_command(CLI::App& root, Context& context);
void add_config_commands(CLI::App& root, Context& context);
void add_key_commands(CLI::App& root, Context& context);
void add_model_commands(CLI::App& root, Context& context);
void add_device_commands(CLI::App& root, Context& context);
void add_task_commands(CLI::App& root, Context& context);
void add_policy_commands(CLI::App& root, Context& context);
void add_rollout_commands(CLI::App& root, Context& context);
void add_decision_commands(CLI::App& root, Context& context);
void add_token_commands(CLI::App& root, Context& context);
void add_status_commands(CLI::App& root, Context& context);
void add_energy_command(CLI::App& root, Context& context);

}  // namespace frugal::cli
