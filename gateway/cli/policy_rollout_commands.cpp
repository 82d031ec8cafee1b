// SPDX-License-Identifier: Apache-2.0
// `frugalctl policy rollout` and `policy explain`: follows and steers the way of policies to the
// devices, and tells why one decided as it did.
#include <fmt/format.h>

#include "cli/json_path.hpp"
#include "cli/number_option.hpp"
#include "cli/output.hpp"
#include "cli/policy_verbs.hpp"

namespace frugal::cli {

namespace json = boost::json;
using base::Result;

namespace {

constexpr std::uint64_t kSequenceMax = (1ULL << 53) - 1;  // as the gateway takes it

std::string plural(std::uint64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
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

void print_left_out(const json::value& answer) {
    if (const auto count = number_at(answer, "overridden"); count != 0) {
        fmt::print("kept out by policies of their own: {}\n", plural(count, "device"));
    }
    if (const auto count = number_at(answer, "unable"); count != 0) {
        fmt::print(
            "unable to obey it: {}, with no model of the task, or one that the policy has no "
            "gain table for; bring them a release it has one for, or add learn = "
            "\"isogain\"\n",
            plural(count, "device"));
    }
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
    print_left_out(answer);
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

}  // namespace

void add_policy_rollout_commands(CLI::App& policy, Context& context, const Options& options) {
    auto* rollout = policy.add_subcommand("rollout", "a new policy on its way to the devices");
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
        add_verb(policy, context, "explain", "why a device decided as it did", options, explain);
    why->add_option("device", options->device)->required();
    why->add_option("sequence", options->sequence, "of the decision")
        ->required()
        ->check(whole_number_within(0, kSequenceMax));
}

}  // namespace frugal::cli
