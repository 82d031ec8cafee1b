// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/api_client.hpp"
#include "cli/command.hpp"
#include "cli/health_document.hpp"
#include "cli/json_path.hpp"
#include "cli/output.hpp"

namespace frugal::cli {

using base::Result;

namespace {

void print_overview(const boost::json::value& overview) {
    fmt::print("site         {}\n", text_at(overview, "site"));
    fmt::print("devices      {} of {} online, {} revoked, {} quarantined\n",
               number_at(overview, "fleet.online"), number_at(overview, "fleet.devices"),
               number_at(overview, "fleet.revoked"), number_at(overview, "fleet.quarantined"));
    fmt::print("decisions    {} stored, {:.0f} per minute, {} in declared gaps\n",
               grouped(number_at(overview, "decisions.total")),
               real_at(overview, "decisions.per_minute"), number_at(overview, "decisions.gaps"));
    fmt::print("escalations  {} answered, {} busy, {} expired, {:.1f} ms each\n",
               grouped(number_at(overview, "escalations.answered")),
               number_at(overview, "escalations.busy"), number_at(overview, "escalations.late"),
               real_at(overview, "escalations.service_ms"));
    fmt::print("bytes        {} up, {} down, {} of raw input kept on the devices\n",
               grouped(number_at(overview, "bytes.up")), grouped(number_at(overview, "bytes.down")),
               grouped(number_at(overview, "bytes.raw_avoided")));
    if (!at_path(overview, "rollout").is_null()) {
        fmt::print("rollout      {}: {}@{} {}\n", text_at(overview, "rollout.id"),
                   text_at(overview, "rollout.model"), text_at(overview, "rollout.release"),
                   text_at(overview, "rollout.state"));
    }
}

Result<int> status(const Context& context) {
    const auto overview = ApiClient(context).call({"GET", "/api/v1/overview", {}, {}});
    if (!overview) {
        return tl::unexpected(overview.error());
    }
    if (context.json) {
        print_json("status", {{"overview", *overview}});
    } else {
        print_overview(*overview);
    }
    return kExitDone;
}

/// Exit status 0 only if the gateway is ready: fits a container's HEALTHCHECK.
Result<int> health(const Context& context) {
    const auto answer = ApiClient(context).send({"GET", "/readyz", {}, {}});
    const bool is_ready = answer && answer->status == 200;
    if (context.json) {
        print_json("health", health_document(answer));
    } else if (is_ready) {
        fmt::print("ready\n");
    }
    return is_ready ? Result<int>(kExitDone)
                    : tl::unexpected(answer ? error_of(*answer) : answer.error());
}

void print_counts(std::string_view title, const boost::json::value& counts) {
    std::string text;
    for (const auto& [name, count] : counts.as_object()) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", std::string_view(name),
                            count.to_number<std::uint64_t>());
    }
    fmt::print("{:<24} {}\n", title, text);
}

/// Queue by class, causes of BUSY, what batches take, budgets of groups.
void print_desk(const boost::json::value& statistics) {
    print_counts("waiting", at_path(statistics, "queued_by_priority"));
    print_counts("busy because", at_path(statistics, "busy_causes"));
    std::vector<std::vector<std::string>> batches;
    for (const auto& size : list_at(statistics, "batch_sizes")) {
        batches.push_back({text_at(size, "task"), text_at(size, "size"), text_at(size, "batches"),
                           text_at(size, "p50_us"), text_at(size, "p99_us"),
                           number_at(size, "size") == number_at(size, "best_size") ? "*" : ""});
    }
    if (!batches.empty()) {
        fmt::print("\n");
        print_table({"task", "batch up to", "runs", "p50 us", "p99 us", "filled"}, batches);
    }
    std::vector<std::vector<std::string>> budgets;
    for (const auto& group : list_at(statistics, "budgets")) {
        budgets.push_back({text_at(group, "task"), text_at(group, "group"),
                           text_at(group, "escalated"), text_at(group, "decisions"),
                           fmt::format("{:.2f}", real_at(group, "price"))});
    }
    if (!budgets.empty()) {
        fmt::print("\n");
        print_table({"task", "group", "escalated", "decisions", "price"}, budgets);
    }
}

Result<int> escalations(const Context& context) {
    const auto answer = ApiClient(context).call({"GET", "/api/v1/escalations/statistics", {}, {}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (context.json) {
        print_json("escalation-statistics", answer->as_object());
        return kExitDone;
    }
    for (const auto& [key, value] : answer->as_object()) {
        if (!value.is_structured()) {
            fmt::print("{:<24} {}\n", std::string_view(key), text_at(*answer, key));
        }
    }
    for (const auto& one : list_at(*answer, "service_times")) {
        fmt::print("{:<24} {} us\n", "service of task " + text_at(one, "task"),
                   text_at(one, "service_us"));
    }
    const auto& cloud = at_path(*answer, "cloud");
    if (cloud.is_object()) {
        for (const auto& [key, value] : cloud.get_object()) {
            fmt::print("{:<24} {}\n", "third tier " + std::string(key), text_at(cloud, key));
        }
    }
    print_desk(*answer);
    return kExitDone;
}

}  // namespace

void add_status_commands(CLI::App& root, Context& context) {
    on_command(*root.add_subcommand("status", "the site at a glance"), context,
               [&context] { return status(context); });
    on_command(*root.add_subcommand("health", "is the gateway ready? (exit status)"), context,
               [&context] { return health(context); });
    auto* noun = root.add_subcommand("escalation", "tasks sent up to the edge");
    noun->require_subcommand(1);
    on_command(*noun->add_subcommand("statistics", "answered, busy, refused, late"), context,
               [&context] { return escalations(context); });
}

}  // namespace frugal::cli
