// SPDX-License-Identifier: Apache-2.0
// `frugalctl policy`: sets policies, goes back to earlier ones, shows versions and differences,
// follows and steers their way to the devices, and explains single decisions.
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/api_client.hpp"
#include "cli/command.hpp"
#include "cli/files.hpp"
#include "cli/json_path.hpp"
#include "cli/learning_commands.hpp"
#include "cli/offline_policy.hpp"
#include "cli/output.hpp"
#include "cli/task_name.hpp"

namespace frugal::cli {

namespace json = boost::json;
using base::Result;

namespace {

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
    std::uint64_t sequence = 0;
};
using Options = std::shared_ptr<PolicyOptions>;

std::string policy_path(const PolicyOptions& options) {
    return fmt::format("/api/v1/tasks/{}/policy", options.task);
}

std::string plural(std::uint64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

/// Asks; prints the answer as JSON, or lets `print` tell it to people.
template <typename Print>
Result<int> ask(const Context& context, const std::string& schema, const ApiRequest& request,
                const Print& print) {
    const auto answer = ApiClient(context).call(request);
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (context.json) {
        print_json(schema, answer->as_object());
    } else {
        print(*answer);
    }
    return kExitDone;
}

void print_set(const json::value& answer) {
    const bool is_staged =
        at_path(answer, "staged").is_bool() && at_path(answer, "staged").as_bool();
    fmt::print("version {} of the policy of task {} is {}\n", number_at(answer, "version"),
               number_at(answer, "task"),
               is_staged ? "on its way; follow it with policy rollout status" : "in force");
}

Result<int> set(const Context& context, const PolicyOptions& options) {
    const auto text = read_bytes(options.file);
    if (!text) {
        return tl::unexpected(text.error());
    }
    auto target = policy_path(options) + "?release=" + percent_encode(options.release) +
                  "&comment=" + percent_encode(options.comment);
    if (options.is_at_once) {
        target += "&at_once=true";
    } else {
        target +=
            fmt::format("&shares={}&wait_s={}", percent_encode(options.shares), options.wait_s);
        target += options.shadow_s >= 0 ? fmt::format("&shadow_s={}", options.shadow_s) : "";
    }
    return ask(context, "policy-set",
               {"PUT", target, "application/toml", std::string(base::as_text(*text))}, print_set);
}

Result<int> revert(const Context& context, const PolicyOptions& options) {
    auto target = policy_path(options) + ":revert?comment=" + percent_encode(options.comment);
    target += options.version != 0 ? fmt::format("&to={}", options.version) : "";
    return ask(context, "policy-revert", {"POST", target, {}, {}}, print_set);
}

void print_history(const json::value& answer) {
    const auto& in_force = list_at(answer, "in_force");
    const auto state_of = [&](std::uint64_t version) -> std::string {
        for (const auto& number : in_force) {
            if (number.to_number<std::uint64_t>() == version) {
                return "in force";
            }
        }
        return number_at(answer, "candidate") == version ? "on its way" : "";
    };
    std::vector<std::vector<std::string>> rows;
    for (const auto& version : list_at(answer, "versions")) {
        const auto number = number_at(version, "version");
        const auto source = number_at(version, "source");
        rows.push_back(
            {std::to_string(number), state_of(number),
             text_at(version, "origin") + (source != 0 ? fmt::format(" of {}", source) : ""),
             text_at(version, "release"), text_at(version, "set_at"), text_at(version, "actor"),
             text_at(version, "digest").substr(0, 12), text_at(version, "comment")});
    }
    print_table({"version", "state", "origin", "release", "set", "by", "content", "comment"}, rows);
}

Result<int> history(const Context& context, const PolicyOptions& options) {
    return ask(context, "policy-history", {"GET", policy_path(options) + "/versions", {}, {}},
               print_history);
}

void print_version(const json::value& answer) {
    fmt::print("# version {}, {} by {} at {}, for {}\n", number_at(answer, "version"),
               text_at(answer, "origin"), text_at(answer, "actor"), text_at(answer, "set_at"),
               text_at(answer, "release"));
    for (const auto& part : list_at(answer, "rules")) {
        fmt::print("# device class {}:\n", text_at(part, "device_class"));
        for (const auto& line : list_at(part, "lines")) {
            fmt::print("#   {}\n", std::string_view(line.as_string()));
        }
    }
    fmt::print("{}", text_at(answer, "text"));
}

/// The version asked for, else the newest one in force.
Result<std::uint64_t> chosen_version(const Context& context, const PolicyOptions& options) {
    if (options.version != 0) {
        return options.version;
    }
    const auto answer =
        ApiClient(context).call({"GET", policy_path(options) + "/versions", {}, {}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    const auto& in_force = list_at(*answer, "in_force");
    if (in_force.empty()) {
        return base::fail(base::ErrorKind::kNotFound,
                          fmt::format("task {} has no policy", options.task), {},
                          "Set one with frugalctl policy set.");
    }
    return in_force.back().to_number<std::uint64_t>();
}

Result<int> show(const Context& context, const PolicyOptions& options) {
    const auto version = chosen_version(context, options);
    if (!version) {
        return tl::unexpected(version.error());
    }
    return ask(context, "policy-show",
               {"GET", fmt::format("{}/versions/{}", policy_path(options), *version), {}, {}},
               print_version);
}

void print_difference(const json::value& answer) {
    const auto& differences = list_at(answer, "differences");
    if (differences.empty()) {
        fmt::print("no difference\n");
        return;
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& difference : differences) {
        rows.push_back({text_at(difference, "device_class"), text_at(difference, "what"),
                        text_at(difference, "before"), text_at(difference, "after")});
    }
    print_table({"device class", "what", text_at(answer, "before"), text_at(answer, "after")},
                rows);
}

Result<int> diff(const Context& context, const PolicyOptions& options) {
    if (!options.release.empty()) {
        const auto text = read_bytes(options.first);
        if (!text) {
            return tl::unexpected(text.error());
        }
        return ask(
            context, "policy-diff",
            {"POST", policy_path(options) + ":compare?release=" + percent_encode(options.release),
             "application/toml", std::string(base::as_text(*text))},
            print_difference);
    }
    return ask(context, "policy-diff",
               {"GET",
                fmt::format("{}/difference?from={}&until={}", policy_path(options),
                            percent_encode(options.first), percent_encode(options.second)),
                {},
                {}},
               print_difference);
}

std::vector<std::string> tally_row(std::string_view name, const json::value& tally) {
    const auto decisions = number_at(tally, "decisions");
    const auto share = [&](std::string_view key) {
        return decisions == 0 ? std::string("-")
                              : fmt::format("{:.2f}%", 100.0 * number_at(tally, key) / decisions);
    };
    return {std::string(name),
            std::to_string(number_at(tally, "devices")),
            std::to_string(decisions),
            share("escalations"),
            share("late"),
            decisions == 0 ? "-" : std::to_string(number_at(tally, "energy_uj") / decisions)};
}

void print_rollout(const json::value& answer) {
    const auto& steps = list_at(answer, "steps");
    const auto step = number_at(answer, "step");
    fmt::print("version {} of task {}: {}", number_at(answer, "version"), number_at(answer, "task"),
               text_at(answer, "status"));
    const auto halt = text_at(answer, "halt");
    fmt::print("{}", halt.empty() ? "" : fmt::format(" for {}", halt));
    if (step < steps.size()) {
        const auto& now = steps[step];
        fmt::print(", step {} of {}: {}", step + 1, steps.size(),
                   text_at(now, "kind") == "shadow"
                       ? std::string("shadow on all devices")
                       : fmt::format("{} %", number_at(now, "percent")));
    }
    const auto& waits = at_path(answer, "waits_for_decisions");
    if (waits.is_bool() && waits.as_bool()) {
        fmt::print(", waits for more decisions to compare");
    } else if (at_path(answer, "next_step_in_s").is_number()) {
        fmt::print(", next in {} s", number_at(answer, "next_step_in_s"));
    }
    fmt::print("; {} told\n", plural(number_at(answer, "told"), "device"));
    print_table({"policy", "devices", "decisions", "escalated", "late", "uJ each"},
                {tally_row(fmt::format("version {}", number_at(answer, "version")),
                           at_path(answer, "candidate")),
                 tally_row("others", at_path(answer, "others"))});
    const auto answers = number_at(answer, "shadow.answers");
    if (answers != 0) {
        fmt::print("in the shadow: {}, {} with another tier than the policy in force\n",
                   plural(answers, "answer"), number_at(answer, "shadow.differs"));
    }
}

Result<int> rollout_status(const Context& context, const PolicyOptions& options) {
    return ask(context, "policy-rollout-status", {"GET", policy_path(options) + "/rollout", {}, {}},
               print_rollout);
}

Result<int> rollout_resume(const Context& context, const PolicyOptions& options) {
    return ask(context, "policy-rollout-resume",
               {"POST", policy_path(options) + "/rollout:resume", {}, {}},
               [](const json::value&) { fmt::print("resumed with the next step\n"); });
}

Result<int> rollout_abort(const Context& context, const PolicyOptions& options) {
    return ask(context, "policy-rollout-abort",
               {"POST", policy_path(options) + "/rollout:abort", {}, {}}, print_set);
}

Result<int> explain(const Context& context, const PolicyOptions& options) {
    return ask(context, "policy-explain",
               {"GET",
                fmt::format("/api/v1/devices/{}/decisions/{}:explain",
                            percent_encode(options.device), options.sequence),
                {},
                {}},
               [&](const json::value& answer) {
                   fmt::print("decision {} of {}, task {}, answered by {}\n", options.sequence,
                              options.device, number_at(answer, "task"), text_at(answer, "tier"));
                   for (const auto& line : list_at(answer, "lines")) {
                       fmt::print("  {}\n", std::string_view(line.as_string()));
                   }
               });
}

const char* const kTaskHelp = "its name or number";

using Verb = Result<int> (*)(const Context&, const PolicyOptions&);

CLI::App* add_verb(CLI::App& noun, Context& context, const std::string& name,
                   const std::string& help, const Options& options, Verb verb) {
    auto* command = noun.add_subcommand(name, help);
    on_command(*command, context, [&context, options, verb]() -> Result<int> {
        if (!options->named.empty()) {
            const auto task = find_task(context, options->named);
            if (!task) {
                return tl::unexpected(task.error());
            }
            options->task = *task;
        }
        return verb(context, *options);
    });
    return command;
}

void add_set(CLI::App& policy, Context& context, const Options& options) {
    auto* command =
        add_verb(policy, context, "set", "compile, sign and push a policy file", options, set);
    command->add_option("task", options->named, kTaskHelp)->required();
    command->add_option("file", options->file, "TOML, see config/policies")->required();
    command->add_option("--release", options->release, "MODEL@N whose models it is measured for")
        ->required();
    command->add_option("--comment", options->comment, "kept with the version");
    auto* at_once = command->add_flag("--at-once", options->is_at_once, "on all devices now");
    command->add_option("--shares", options->shares, "percents of the devices, step by step")
        ->capture_default_str()
        ->excludes(at_once);
    command->add_option("--wait", options->wait_s, "seconds a step lasts; 0: until resumed")
        ->capture_default_str()
        ->excludes(at_once);
    command
        ->add_option("--shadow", options->shadow_s,
                     "first evaluate it without obeying it, for so many seconds; 0: until resumed")
        ->check(CLI::NonNegativeNumber)
        ->excludes(at_once);
}

void add_versions(CLI::App& policy, Context& context, const Options& options) {
    auto* command =
        add_verb(policy, context, "show", "one version: its rules and its text", options, show);
    command->add_option("task", options->named, kTaskHelp)->required();
    command->add_option("--version", options->version, "default: the one in force");
    command = add_verb(policy, context, "history", "all versions, newest first", options, history);
    command->add_option("task", options->named, kTaskHelp)->required();
    command = add_verb(policy, context, "diff", "what two versions, or a file, say differently",
                       options, diff);
    command->add_option("task", options->named, kTaskHelp)->required();
    command->add_option("before", options->first, "a version, or with --release a file")
        ->required();
    command->add_option("after", options->second, "another version");
    command->add_option("--release", options->release,
                        "MODEL@N: compare the file for it with what is in force");
    command = add_verb(policy, context, "revert",
                       "an earlier version's content, on all devices now", options, revert);
    command->add_option("task", options->named, kTaskHelp)->required();
    command->add_option("--to", options->version, "default: the version before");
    command->add_option("--comment", options->comment, "kept with the version");
}

}  // namespace

void add_policy_commands(CLI::App& root, Context& context) {
    auto options = std::make_shared<PolicyOptions>();
    auto* policy = root.add_subcommand("policy", "what stays local and what escalates");
    policy->require_subcommand(1);
    add_offline_policy_commands(*policy, context);
    add_learning_commands(*policy, context);
    add_set(*policy, context, options);
    add_versions(*policy, context, options);
    auto* rollout = policy->add_subcommand("rollout", "a new policy on its way to the devices");
    rollout->require_subcommand(1);
    for (auto* command :
         {add_verb(*rollout, context, "status", "how far it is, and how it does", options,
                   rollout_status),
          add_verb(*rollout, context, "resume", "the next step now", options, rollout_resume),
          add_verb(*rollout, context, "abort", "back to the policy before", options,
                   rollout_abort)}) {
        command->add_option("task", options->named, kTaskHelp)->required();
    }
    auto* why =
        add_verb(*policy, context, "explain", "why a device decided as it did", options, explain);
    why->add_option("device", options->device)->required();
    why->add_option("sequence", options->sequence, "of the decision")->required();
}

}  // namespace frugal::cli
