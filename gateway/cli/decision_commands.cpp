// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/api_client.hpp"
#include "cli/command.hpp"
#include "cli/json_path.hpp"
#include "cli/output.hpp"
#include "cli/task_name.hpp"

namespace frugal::cli {

using base::Result;

namespace {

struct QueryOptions {
    std::string device;
    std::string task;
    std::uint32_t limit = 20;
};

Result<int> query(const Context& context, const QueryOptions& options) {
    std::string target = fmt::format("/api/v1/decisions?page_size={}", options.limit);
    if (!options.device.empty()) {
        target += "&device=" + percent_encode(options.device);
    }
    if (!options.task.empty()) {
        const auto task = find_task(context, options.task);
        if (!task) {
            return tl::unexpected(task.error());
        }
        target += "&task=" + std::to_string(*task);
    }
    const auto answer = ApiClient(context).call({"GET", target, {}, {}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (context.json) {
        print_json("decision-query", answer->as_object());
        return kExitDone;
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& row : list_at(*answer, "decisions")) {
        rows.push_back({text_at(row, "received_at"), text_at(row, "device"),
                        text_at(row, "sequence"), text_at(row, "task"), text_at(row, "class"),
                        fmt::format("{:.2f}", real_at(row, "confidence")), text_at(row, "tier"),
                        text_at(row, "policy_reason")});
    }
    print_table({"received", "device", "sequence", "task", "class", "confidence", "tier", "why"},
                rows);
    return kExitDone;
}

}  // namespace

void add_decision_commands(CLI::App& root, Context& context) {
    auto* noun = root.add_subcommand("decision", "what the devices decided")->require_subcommand(1);
    auto options = std::make_shared<QueryOptions>();
    auto* command = noun->add_subcommand("query", "stored decisions, newest first");
    command->add_option("--device", options->device);
    command->add_option("--task", options->task, "name or number");
    command->add_option("--limit", options->limit)->capture_default_str();
    on_command(*command, context, [&context, options] { return query(context, *options); });
}

}  // namespace frugal::cli
