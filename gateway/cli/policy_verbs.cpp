// SPDX-License-Identifier: Apache-2.0
#include "cli/policy_verbs.hpp"

#include <fmt/format.h>

#include "cli/json_path.hpp"
#include "cli/output.hpp"
#include "cli/plain_text.hpp"
#include "cli/task_name.hpp"

namespace frugal::cli {

using base::Result;

std::string policy_path(const PolicyOptions& options) {
    return fmt::format("/api/v1/tasks/{}/policy", options.task);
}

Result<int> ask(const Context& context, const std::string& schema, const ApiRequest& request,
                const std::function<void(const boost::json::value&)>& print) {
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

base::Error named_after(base::Error error, const std::string& file) {
    static constexpr std::string_view kSent = "policy:";  // what the gateway calls a text
    std::string& message = error.message;
    const auto at = message.starts_with(kSent) ? 0 : message.find(fmt::format(": {}", kSent));
    if (at != std::string::npos) {
        const auto begin = at == 0 ? at : at + 2;
        message.replace(begin, kSent.size() - 1, file);
    }
    return error;
}

namespace {

bool is_staged(const boost::json::value& answer) {
    const auto& staged = at_path(answer, "staged");
    return staged.is_bool() && staged.as_bool();
}

void print_remarks(const boost::json::value& answer) {
    for (const auto& remark : list_at(answer, "remarks")) {
        say("note: " + plain_text(remark.as_string()));
    }
}

void print_left_out(const boost::json::value& answer) {
    for (const auto& left_out : list_at(answer, "left_out")) {
        fmt::print("not for class {}, which it has no part for and which obeys what it did\n",
                   left_out.as_string().c_str());
    }
}

}  // namespace

void print_set(const boost::json::value& answer) {
    fmt::print("version {} of the policy of task {} is {}\n", number_at(answer, "version"),
               number_at(answer, "task"),
               is_staged(answer) ? "on its way; follow it with policy rollout status" : "in force");
    print_left_out(answer);
    print_remarks(answer);
}

void print_trial(const boost::json::value& answer) {
    fmt::print(
        "nothing changed; it is proved and would be version {} of the policy of task {}, {}\n",
        number_at(answer, "version"), number_at(answer, "task"),
        is_staged(answer) ? "on its way step by step" : "in force at once");
    print_left_out(answer);
    print_remarks(answer);
    print_difference(answer, "in force", "file");
}

void print_difference(const boost::json::value& answer, const std::string& before,
                      const std::string& after) {
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
    print_table({"device class", "what", before, after}, rows);
}

std::string for_whom(const boost::json::value& item, std::string_view classes) {
    const auto device = text_at(item, "device");
    const auto label = text_at(item, "label");
    return !device.empty() ? device : !label.empty() ? "label " + label : std::string(classes);
}

std::string audience_query(const PolicyOptions& options) {
    std::string query;
    query += options.device.empty() ? "" : "&device=" + percent_encode(options.device);
    query += options.label.empty() ? "" : "&label=" + percent_encode(options.label);
    return query;
}

void add_audience_options(CLI::App& command, const Options& options) {
    auto* device = command.add_option("--device", options->device, "for this device alone");
    command.add_option("--label", options->label, "for the devices with this label alone")
        ->excludes(device);
}

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

}  // namespace frugal::cli
