// SPDX-License-Identifier: Apache-2.0
// policy learned, policy simulate: what the gateway learned, and what a policy would do.
#include "cli/learning_commands.hpp"

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/api_client.hpp"
#include "cli/files.hpp"
#include "cli/json_path.hpp"
#include "cli/output.hpp"
#include "cli/policy_verbs.hpp"
#include "cli/task_name.hpp"

namespace frugal::cli {

using base::Result;

namespace {

struct LearningOptions {
    std::string task;
    std::string file;
    std::string release;
    std::uint32_t hours = 24;
};

/// One letter a bin, from the least certain: 0 never pays, 9 always.
std::string picture_of(const boost::json::array& gains) {
    std::string picture;
    for (const auto& gain : gains) {
        picture += static_cast<char>('0' + gain.to_number<int>() * 9 / 255);
    }
    return picture;
}

constexpr std::size_t kColumnsBeforeTables = 13;

/// "fashion@2 c41ec8d9".
std::string model_words(const boost::json::value& cell) {
    const auto release = text_at(cell, "release");
    return release + (release.empty() ? "" : " ") + text_at(cell, "model_digest").substr(0, 8);
}

/// "ce3bcbc0", or "ce3bcbc0, replaced" of an edge model that answers no more.
std::string edge_words(const boost::json::value& cell) {
    const auto& served = at_path(cell, "is_served");
    const bool is_replaced = served.is_bool() && !served.as_bool();
    return text_at(cell, "edge_model_digest").substr(0, 8) + (is_replaced ? ", replaced" : "");
}

/// How long ago a device of the cell was heard to decide; "-": not since the start.
std::string last_words(const boost::json::value& cell) {
    constexpr std::uint64_t kMinute_s = 60;
    constexpr std::uint64_t kHour_s = 3600;
    if (!at_path(cell, "idle_s").is_number()) {
        return "-";
    }
    const auto idle_s = number_at(cell, "idle_s");
    return idle_s < 2 * kMinute_s ? fmt::format("{} s", idle_s)
           : idle_s < 2 * kHour_s ? fmt::format("{} min", idle_s / kMinute_s)
                                  : fmt::format("{} h", idle_s / kHour_s);
}

/// Ends the last row with the first gain table, and adds a row for each other one. The classes are
/// those of what is learned; what is pushed may still be in fewer groups.
void add_tables(const boost::json::value& cell, std::vector<std::vector<std::string>>& rows) {
    const auto& offered = list_at(cell, "offered");
    const auto& pushed = list_at(cell, "pushed");
    const auto picture = [](const boost::json::array& groups, std::size_t group) {
        return group < groups.size() ? picture_of(list_at(groups[group], "gain_q8")) : "-";
    };
    for (std::size_t group = 0; group < std::max(offered.size(), pushed.size()); ++group) {
        if (group != 0) {
            rows.emplace_back(kColumnsBeforeTables);
        }
        const auto& groups = group < offered.size() ? offered : pushed;
        std::string classes;
        for (const auto& id : list_at(groups[group], "classes")) {
            classes += (classes.empty() ? "" : ",") + std::to_string(id.to_number<int>());
        }
        rows.back().insert(rows.back().end(),
                           {classes, picture(offered, group), picture(pushed, group)});
    }
}

Result<int> learned(const Context& context, const LearningOptions& options) {
    std::string target = "/api/v1/policies/learned";
    if (!options.task.empty()) {
        const auto task = find_task(context, options.task);
        if (!task) {
            return tl::unexpected(task.error());
        }
        target += "?task=" + std::to_string(*task);
    }
    const auto answer = ApiClient(context).call({"GET", target, {}, {}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (context.json) {
        print_json("policy-learned", answer->as_object());
        return kExitDone;
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& cell : list_at(*answer, "cells")) {
        const bool is_alarmed = cell.at("is_alarmed").as_bool();
        rows.push_back({text_at(cell, "task"), text_at(cell, "device_class"), for_whom(cell, "all"),
                        model_words(cell), edge_words(cell), last_words(cell),
                        text_at(cell, "learn"), text_at(cell, "policy"), text_at(cell, "tasks"),
                        text_at(cell, "answered"), text_at(cell, "audit_q8") + "/256",
                        text_at(cell, "alarms") + (is_alarmed ? " now" : ""),
                        text_at(cell, "doubted_devices")});
        add_tables(cell, rows);
    }
    print_table(
        {"task", "class", "for", "model", "edge", "last", "learn", "policy", "tasks", "answered",
         "audit", "alarms", "doubted", "classes", "gain by confidence: learned", "pushed"},
        rows);
    if (rows.empty()) {
        say("nothing learned yet: no policy with learn = \"isogain\" or \"hedge\" has decided");
    }
    return kExitDone;
}

/// "1.5", or "-" for what is not known.
std::string figure(const boost::json::value& part, const char* path) {
    return at_path(part, path).is_number() ? fmt::format("{:.1f}", real_at(part, path)) : "-";
}

/// How long the records reach back.
std::string span_of(double hours) {
    constexpr double kMinutes = 60;
    return hours < 2 ? fmt::format("{:.0f} min", hours * kMinutes) : fmt::format("{:.1f} h", hours);
}

void print_simulation(const boost::json::value& answer, const std::string& release) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& part : list_at(answer, "parts")) {
        const auto pair = [&part](const char* recorded, const char* predicted) {
            return fmt::format("{} -> {}", figure(part, recorded), figure(part, predicted));
        };
        rows.push_back({text_at(part, "device_class"), text_at(part, "tasks"),
                        span_of(real_at(part, "covered_hours")),
                        pair("recorded_escalations_per_hour", "escalations_per_hour"),
                        pair("recorded_energy_uj_per_task", "energy_uj_per_task"),
                        pair("recorded_deadline_misses_per_hour", "deadline_misses_per_hour"),
                        fmt::format("{:.4f} -> {:.4f}", real_at(part, "cost_per_task.recorded"),
                                    real_at(part, "cost_per_task.estimate")),
                        fmt::format("{:.4f} .. {:.4f}", real_at(part, "cost_per_task.low"),
                                    real_at(part, "cost_per_task.high"))});
    }
    print_table(
        {"class", "tasks", "recorded", "escalations/h", "uJ/task", "misses/h", "cost/task", "95 %"},
        rows);
    for (const auto& part : list_at(answer, "parts")) {
        say(fmt::format("{}: gains by rho {:.2f} ({:.2f} .. {:.2f}) from {:.0f} labelled samples",
                        text_at(part, "device_class"), real_at(part, "rho.value"),
                        real_at(part, "rho.low"), real_at(part, "rho.high"),
                        real_at(part, "rho.samples")));
    }
    for (const auto& part : list_at(answer, "parts")) {
        const auto others = number_at(part, "tasks_of_other_models");
        if (others != 0) {
            say(fmt::format(
                "note: {} of {} tasks of class {} were decided by other models than "
                "{}'s: figures are as if it were as certain as those were",
                others, number_at(part, "tasks"), text_at(part, "device_class"), release));
        }
    }
    say("cost: wrong answers a task beside keeping everything local; less is better");
}

Result<int> simulate(const Context& context, const LearningOptions& options) {
    const auto text = read_bytes(options.file);
    if (!text) {
        return tl::unexpected(text.error());
    }
    const auto task = find_task(context, options.task);
    if (!task) {
        return tl::unexpected(task.error());
    }
    const auto answer =
        ApiClient(context).call({"POST",
                                 fmt::format("/api/v1/tasks/{}/policy:simulate?release={}&hours={}",
                                             *task, percent_encode(options.release), options.hours),
                                 "application/toml", std::string(base::as_text(*text))});
    if (!answer) {
        return tl::unexpected(named_after(answer.error(), options.file));
    }
    if (context.json) {
        print_json("policy-simulate", answer->as_object());
        return kExitDone;
    }
    print_simulation(*answer, options.release);
    return kExitDone;
}

}  // namespace

void add_learning_commands(CLI::App& policy, Context& context) {
    auto options = std::make_shared<LearningOptions>();
    auto* show = policy.add_subcommand("learned", "what the gateway learned of when asking pays");
    show->add_option("task", options->task, "one task only, by name or number");
    on_command(*show, context, [&context, options] { return learned(context, *options); });

    auto* replay = policy.add_subcommand(
        "simulate", "what a policy file would have done with the recorded decisions");
    replay->add_option("file", options->file, "TOML, see config/policies")->required();
    replay->add_option("--task", options->task, "its name or number")->required();
    replay->add_option("--release", options->release, "MODEL@N whose models it is measured for")
        ->required();
    replay->add_option("--hours", options->hours, "how far back")
        ->check(CLI::Range(1, 24 * 31))
        ->capture_default_str();
    on_command(*replay, context, [&context, options] { return simulate(context, *options); });
}

}  // namespace frugal::cli
