// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>

#include "cli/api_client.hpp"
#include "cli/command.hpp"
#include "cli/files.hpp"
#include "cli/form.hpp"
#include "cli/json_path.hpp"
#include "cli/number_option.hpp"
#include "cli/output.hpp"
#include "cli/task_name.hpp"

namespace frugal::cli {

namespace json = boost::json;
using base::Result;

namespace {

struct TaskOptions {
    std::uint32_t number = 0;
    std::string task;
    std::string name;
    std::vector<std::string> labels;
    std::string privacy = "edge-only";
    std::string priority = "normal";
    double group_share = 0;
    std::string file;
    std::string release;
    std::string inputs;
    std::string labels_file;
};

std::string task_path(std::uint32_t number) {
    return "/api/v1/tasks/" + std::to_string(number);
}

Result<int> send(const Context& context, const std::string& command, ApiRequest request,
                 const std::string& done) {
    const auto answer = ApiClient(context).call(request);
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    const auto note = text_at(*answer, "note");
    if (context.json) {
        json::object told{{"done", true}};
        if (!note.empty()) {
            told["note"] = note;
        }
        print_json(command, std::move(told));
    } else {
        fmt::print("{}\n{}", done, note.empty() ? note : note + "\n");
    }
    return kExitDone;
}

Result<int> define(const Context& context, const TaskOptions& options) {
    json::array labels;
    for (const auto& label : options.labels) {
        labels.emplace_back(label);
    }
    const json::object body{{"name", options.name},
                            {"labels", labels},
                            {"privacy", options.privacy},
                            {"priority", options.priority},
                            {"group_share_permille", std::lround(options.group_share * 1000)}};
    return send(context, "task-define",
                {"PUT", task_path(options.number), "application/json", json::serialize(body)},
                fmt::format("task {} is {}", options.number, options.name));
}

/// Puts the file to a place under the task it is for.
Result<int> send_file(const Context& context, const TaskOptions& options,
                      const std::string& command, const std::string& place, const std::string& type,
                      const std::string& done) {
    const auto bytes = read_bytes(options.file);
    if (!bytes) {
        return tl::unexpected(bytes.error());
    }
    const auto task = find_task(context, options.task);
    if (!task) {
        return tl::unexpected(task.error());
    }
    return send(context, command,
                {"PUT", task_path(*task) + place, type, std::string(base::as_text(*bytes))}, done);
}

std::string percent(const json::value& pair, std::string_view key) {
    const auto& share = at_path(pair, key);
    return share.is_number() ? fmt::format("{:.1f}%", 100 * share.to_number<double>()) : "-";
}

void print_pairs(const json::value& answer) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& pair : list_at(answer, "pairs")) {
        rows.push_back({text_at(pair, "device_class"), std::to_string(number_at(pair, "samples")),
                        percent(pair, "local_right"), percent(pair, "edge_right"),
                        percent(pair, "before_right"),
                        fmt::format("{:.2f}", at_path(pair, "temperature").to_number<double>()),
                        fmt::format("{:.2f}", at_path(pair, "rho").to_number<double>())});
    }
    print_table({"device class", "samples", "device right", "edge right", "edge before",
                 "temperature", "rho"},
                rows);
    for (const auto& pair : list_at(answer, "pairs")) {
        if (at_path(pair, "rho").to_number<double>() <= 0) {
            fmt::print(
                "warning: asking gained nothing for class {}, and nothing will be asked; do "
                "inputs and labels belong together?\n",
                text_at(pair, "device_class"));
        }
    }
}

/// Sends the samples, and the model before them if there is one; prints what they say.
Result<int> send_samples(const Context& context, const TaskOptions& options,
                         const std::string& command, const std::string& place) {
    const auto task = find_task(context, options.task);
    if (!task) {
        return tl::unexpected(task.error());
    }
    std::vector<FormPart> parts;
    for (const auto& [name, path] : std::initializer_list<std::pair<std::string, std::string>>{
             {"model", options.file},
             {"inputs", options.inputs},
             {"labels", options.labels_file}}) {
        if (path.empty()) {
            continue;
        }
        auto bytes = read_bytes(path);
        if (!bytes) {
            return tl::unexpected(bytes.error());
        }
        parts.push_back({name, std::move(*bytes)});
    }
    const auto answer =
        ApiClient(context).call(form_request("PUT", task_path(*task) + place, parts));
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (context.json) {
        print_json(command, answer->as_object());
    } else {
        print_pairs(*answer);
    }
    return kExitDone;
}

Result<int> canary(const Context& context, const TaskOptions& options) {
    return send_samples(context, options, "task-canary",
                        "/canary?release=" + percent_encode(options.release));
}

Result<int> set_edge_model(const Context& context, const TaskOptions& options) {
    const auto slash = options.file.find_last_of('/');
    const std::string name = options.file.substr(slash == std::string::npos ? 0 : slash + 1);
    if (!options.inputs.empty()) {
        return send_samples(context, options, "task-set-edge-model",
                            "/edge-model?name=" + percent_encode(name) +
                                "&release=" + percent_encode(options.release));
    }
    return send_file(context, options, "task-set-edge-model",
                     "/edge-model?name=" + percent_encode(name), "application/octet-stream",
                     fmt::format("{} answers the escalations of task {}", name, options.task));
}

Result<int> list(const Context& context) {
    const auto answer = ApiClient(context).call({"GET", "/api/v1/tasks", {}, {}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (context.json) {
        print_json("task-list", answer->as_object());
        return kExitDone;
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& task : list_at(*answer, "tasks")) {
        std::string edge = "-";
        for (const auto& model : list_at(*answer, "edge_models")) {
            edge =
                number_at(model, "task") == number_at(task, "task") ? text_at(model, "name") : edge;
        }
        const auto share = number_at(task, "group_share_permille");
        rows.push_back({text_at(task, "task"), text_at(task, "name"), text_at(task, "privacy"),
                        std::to_string(list_at(task, "labels").size()), text_at(task, "priority"),
                        share == 0 ? "-" : fmt::format("{:.1f} %", static_cast<double>(share) / 10),
                        edge});
    }
    print_table({"task", "name", "privacy", "classes", "priority", "group share", "edge model"},
                rows);
    return kExitDone;
}

enum class Samples { kOptional, kRequired };

void add_samples(CLI::App& command, TaskOptions& options, Samples samples) {
    auto* release = command.add_option("--release", options.release,
                                       "MODEL@N whose device models they are run on");
    auto* inputs = command.add_option("--inputs", options.inputs,
                                      "labelled samples: .npy, idx or raw input bytes");
    auto* labels = command.add_option("--labels", options.labels_file,
                                      "their class numbers, one a line, or idx");
    release->needs(inputs)->needs(labels);
    inputs->needs(release)->needs(labels);
    labels->needs(release)->needs(inputs);
    release->required(samples == Samples::kRequired);
}

}  // namespace

void add_task_commands(CLI::App& root, Context& context) {
    auto options = std::make_shared<TaskOptions>();
    auto* task = root.add_subcommand("task", "what devices decide")->require_subcommand(1);
    auto* define_command = task->add_subcommand("define", "name a task and its classes");
    define_command->add_option("task", options->number, "its number on the wire, 1..255")
        ->required();
    define_command->add_option("name", options->name)->required();
    define_command->add_option("--labels", options->labels, "class names by class id")
        ->delimiter(',')
        ->required();
    define_command->add_option("--privacy", options->privacy, "public, edge-only or never")
        ->capture_default_str();
    define_command
        ->add_option("--priority", options->priority,
                     "of its escalations: urgent, normal or background")
        ->capture_default_str();
    define_command
        ->add_option("--group-share", options->group_share,
                     "share of a group's decisions that may escalate, e.g. 0.1; 0: no limit")
        ->check(number_within(0, 1));
    on_command(*define_command, context, [&context, options] { return define(context, *options); });
    on_command(*task->add_subcommand("list", "tasks, edge models and policies"), context,
               [&context] { return list(context); });
    auto* edge = task->add_subcommand("set-edge-model", "the model that answers escalations");
    edge->add_option("task", options->task, "its name or number")->required();
    edge->add_option("file", options->file, "a classifier: .tflite or .onnx")->required();
    add_samples(*edge, *options, Samples::kOptional);
    on_command(*edge, context, [&context, options] { return set_edge_model(context, *options); });
    auto* measured =
        task->add_subcommand("canary", "measure device models and the edge model on samples");
    measured->add_option("task", options->task, "its name or number")->required();
    add_samples(*measured, *options, Samples::kRequired);
    on_command(*measured, context, [&context, options] { return canary(context, *options); });
}

}  // namespace frugal::cli
