// SPDX-License-Identifier: Apache-2.0
#include "cli/offline_policy.hpp"

#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>

#include "cli/files.hpp"
#include "cli/number_option.hpp"
#include "cli/output.hpp"
#include "policy/author/policy_check.hpp"
#include "policy/replay/replay.hpp"

namespace frugal::cli {

using base::Result;
namespace json = boost::json;

namespace {

constexpr double kCostLeast = 0.001;
constexpr double kCostMost = 100;

struct Texts {
    base::Bytes trace;
    base::Bytes extra;
    std::vector<base::Bytes> canaries;
};

Result<Texts> read_texts(const ReplayCommand& command) {
    Texts texts;
    auto trace = read_bytes(command.trace);
    if (!trace) {
        return tl::unexpected(trace.error());
    }
    texts.trace = std::move(*trace);
    if (!command.extra.empty()) {
        auto extra = read_bytes(command.extra);
        if (!extra) {
            return tl::unexpected(extra.error());
        }
        texts.extra = std::move(*extra);
    }
    for (const std::string& path : command.canaries) {
        auto canary = read_bytes(path);
        if (!canary) {
            return tl::unexpected(canary.error());
        }
        texts.canaries.push_back(std::move(*canary));
    }
    return texts;
}

Result<policy::Trace> read_trace(const ReplayCommand& command) {
    const auto texts = read_texts(command);
    if (!texts) {
        return tl::unexpected(texts.error());
    }
    policy::TraceFiles files;
    files.trace = {base::as_text(texts->trace), command.trace};
    if (!command.extra.empty()) {
        files.extra = policy::CsvText{base::as_text(texts->extra), command.extra};
    }
    for (std::size_t i = 0; i < command.canaries.size(); ++i) {
        files.canaries.push_back({base::as_text(texts->canaries[i]), command.canaries[i]});
    }
    return policy::parse_trace(files);
}

json::object figures_json(const policy::PolicyFigures& figures) {
    json::array recovery;
    for (const double tasks : figures.recovery_tasks) {
        recovery.push_back(static_cast<std::int64_t>(tasks));
    }
    return {{"name", figures.name},
            {"cost_per_task", figures.cost_per_task},
            {"over_best_fixed_percent", figures.over_best_fixed_percent},
            {"worst_over_best_fixed_percent", figures.worst_over_best_fixed_percent},
            {"escalated_fraction", figures.escalated_fraction},
            {"accuracy", figures.accuracy},
            {"pushes", figures.counts.pushes},
            {"alarms", figures.counts.alarms},
            {"probes", figures.counts.probes},
            {"audits", figures.counts.audits},
            {"recovery_tasks", recovery}};
}

void print_replay(const ReplayCommand& command, const policy::Trace& trace,
                  const policy::ReplayReport& report) {
    json::array policies;
    json::array begins;
    for (const auto& figures : report.policies) {
        policies.push_back(figures_json(figures));
    }
    for (const std::size_t begin : report.phase_begins) {
        begins.push_back(begin);
    }
    print_json("policy-replay", {{"trace", command.trace},
                                 {"tasks", report.tasks},
                                 {"canary_samples", trace.canary.size()},
                                 {"canary_samples_unused", trace.canary_unused},
                                 {"notes", array_of(trace.notes)},
                                 {"cost", command.options.cost},
                                 {"seeds", command.options.seeds},
                                 {"phase_begins", begins},
                                 {"policies", policies}});
}

void print_replay_table(const policy::ReplayReport& report) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& figures : report.policies) {
        std::string recovery;
        for (const double tasks : figures.recovery_tasks) {
            recovery += fmt::format("{}{:.0f}", recovery.empty() ? "" : " ", tasks);
        }
        rows.push_back({figures.name, fmt::format("{:.4f}", figures.cost_per_task),
                        fmt::format("{:+.2f}", figures.over_best_fixed_percent),
                        fmt::format("{:+.2f}", figures.worst_over_best_fixed_percent),
                        fmt::format("{:.3f}", figures.escalated_fraction),
                        fmt::format("{:.4f}", figures.accuracy), recovery});
    }
    print_table({"policy", "cost/task", "over best %", "worst %", "escalated", "accuracy",
                 "recovery tasks"},
                rows);
}

json::object proof_json(const policy::TaskProof& proof) {
    return {{"task", proof.task},
            {"model", proof.model},
            {"privacy", proof.privacy},
            {"can_escalate", proof.can_escalate},
            {"cap_per_hour", proof.cap_per_hour},
            {"compiled_bytes", proof.compiled_bytes},
            {"gain_bounds", json::array(proof.gain_bounds.begin(), proof.gain_bounds.end())}};
}

/// What the owner binds gains to, once for each task.
std::vector<std::string> bound_lines(const policy::PolicyProof& proof) {
    std::vector<std::string> lines;
    std::string told;
    for (const auto& task : proof.tasks) {
        for (const auto& bounds : task.gain_bounds) {
            if (task.task != told) {
                lines.push_back(task.task + ", " + bounds + ", whatever is learned");
            }
        }
        told = task.task;
    }
    return lines;
}

}  // namespace

Result<int> replay_policy(const Context& context, const ReplayCommand& command) {
    const auto trace = read_trace(command);
    if (!trace) {
        return tl::unexpected(trace.error());
    }
    const policy::ReplayReport report = policy::replay(*trace, command.options);
    if (context.json) {
        print_replay(command, *trace, report);
    } else {
        print_replay_table(report);
        say(fmt::format("{} tasks, {} of {} canary samples used, cost {}", report.tasks,
                        trace->canary.size(), trace->canary.size() + trace->canary_unused,
                        command.options.cost));
        for (const std::string& note : trace->notes) {
            say("note: " + note);
        }
    }
    return kExitDone;
}

Result<int> check_policy(const Context& context, const std::string& path) {
    const auto text = read_bytes(path);
    if (!text) {
        return tl::unexpected(text.error());
    }
    const auto checked = policy::check_policy(base::as_text(*text), path);
    if (!checked) {
        return tl::unexpected(checked.error());
    }
    if (context.json) {
        json::array proofs;
        for (const auto& proof : checked->tasks) {
            proofs.push_back(proof_json(proof));
        }
        print_json("policy-check",
                   {{"file", path},
                    {"fail_safe", checked->fail_safe},
                    {"guards", checked->guards},
                    {"tasks", proofs},
                    {"remarks", json::array(checked->remarks.begin(), checked->remarks.end())}});
        return kExitDone;
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& proof : checked->tasks) {
        rows.push_back({proof.task, proof.model, proof.privacy, proof.can_escalate ? "yes" : "no",
                        std::to_string(proof.cap_per_hour), std::to_string(proof.compiled_bytes)});
    }
    print_table({"task", "model", "privacy", "can escalate", "cap/h", "compiled B"}, rows);
    for (const auto& line : bound_lines(*checked)) {
        say(line);
    }
    for (const auto& remark : checked->remarks) {
        say("note: " + remark);
    }
    say(path + ": sound; without gateway or policy devices give their own model's answer");
    return kExitDone;
}

void add_offline_policy_commands(CLI::App& policy, Context& context) {
    auto command = std::make_shared<ReplayCommand>();
    auto* replay = policy.add_subcommand(
        "replay", "what policies would have cost on a recorded trace; needs no gateway");
    replay->add_option("--trace", command->trace, "CSV of both models' answers and the truth")
        ->required();
    replay->add_option("--extra", command->extra, "CSV of phases and edge confidences, by seq");
    replay->add_option("--canary", command->canaries,
                       "CSV of labelled samples; with a phase column, or one file for each phase");
    replay->add_option("--cost", command->options.cost, "of an escalation, in wrong answers")
        ->check(number_within(kCostLeast, kCostMost))
        ->capture_default_str();
    replay->add_option("--seeds", command->options.seeds, "runs of every policy that uses chance")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    replay->add_option("--push-every", command->options.window_tasks, "tasks between two pushes")
        ->check(CLI::Range(1, 65536))
        ->capture_default_str();
    replay->add_option("--share", command->options.share, "budget: escalations a task, 0..1")
        ->check(number_within(0, 1))
        ->capture_default_str();
    on_command(*replay, context, [&context, command] { return replay_policy(context, *command); });

    auto file = std::make_shared<std::string>();
    auto* check = policy.add_subcommand(
        "check", "prove that a policy file keeps what it must; needs no gateway");
    check->add_option("file", *file)->required();
    on_command(*check, context, [&context, file] { return check_policy(context, *file); });
}

}  // namespace frugal::cli
