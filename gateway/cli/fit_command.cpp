// SPDX-License-Identifier: Apache-2.0
#include "cli/fit_command.hpp"

#include <memory>

#include <fmt/format.h>

#include "cli/api_client.hpp"
#include "cli/json_path.hpp"
#include "cli/output.hpp"
#include "cli/release_option.hpp"
#include "cli/task_name.hpp"

namespace frugal::cli {

namespace json = boost::json;
using base::Result;

namespace {

constexpr int kPageSize = 1000;

std::string encoding_text(const json::value& verdict) {
    if (at_path(verdict, "is_on_device").is_bool() && at_path(verdict, "is_on_device").as_bool()) {
        return "in a slot";
    }
    return fmt::format(
        "{}, profile {}",
        at_path(verdict, "encoding.is_delta") == json::value(true) ? "delta" : "full",
        text_at(verdict, "encoding.profile"));
}

std::string energy_text(const json::value& verdict) {
    const auto energy = text_at(verdict, "energy_uj");
    return energy.empty() ? std::string("-") : "~" + energy;
}

// 0 says that nobody measured it.
std::string accuracy_text(const json::value& variant) {
    const double accuracy = real_at(variant, "accuracy_permyriad") / 100;
    return accuracy > 0 ? fmt::format("{:.2f}", accuracy) : std::string("-");
}

// One line a variant: what it would cost, or why not.
void print_verdicts(const json::value& release, const json::value& row) {
    const auto& variants = list_at(release, "variants");
    std::vector<std::vector<std::string>> rows;
    const auto chosen = text_at(row, "chosen");
    for (const auto& verdict : list_at(row, "verdicts")) {
        const auto place = number_at(verdict, "variant");
        if (place >= variants.size()) {
            continue;
        }
        const auto& variant = variants[place];
        const bool is_fit = at_path(verdict, "fits") == json::value(true);
        const bool is_chosen = !chosen.empty() && chosen == std::to_string(place);
        rows.push_back({is_chosen ? "->" : "", std::to_string(place),
                        text_at(variant, "device_class"), accuracy_text(variant),
                        text_at(variant, "model_bytes"), text_at(variant, "arena_bytes"),
                        energy_text(verdict),
                        is_fit ? text_at(verdict, "bytes_on_air") : std::string("-"),
                        is_fit ? encoding_text(verdict) : text_at(verdict, "why")});
    }
    print_table({"", "variant", "for", "accuracy %", "model B", "arena B", "uJ", "on air B",
                 "how, or why not"},
                rows);
}

void print_report(const std::string& name, const json::value& answer, bool with_devices) {
    fmt::print("{}: fits {} of {} devices{}\n", name, text_at(answer, "devices_fitting"),
               text_at(answer, "devices_known"),
               number_at(answer, "devices_unknown") == 0
                   ? std::string()
                   : fmt::format("; {} not heard of yet", text_at(answer, "devices_unknown")));
    const auto& release = at_path(answer, "release");
    for (const auto& row : list_at(answer, "classes")) {
        fmt::print("\nclass {}, {} devices\n", text_at(row, "device_class"),
                   text_at(row, "devices"));
        print_verdicts(release, row);
    }
    for (const auto& row : list_at(answer, "devices")) {
        if (with_devices) {
            fmt::print("\ndevice {} ({})\n", text_at(row, "device"), text_at(row, "device_class"));
            print_verdicts(release, row);
        }
    }
}

struct FitOptions {
    std::string release;  ///< empty: the newest of the task
    std::string task;
    std::string after;
    bool with_devices = false;
};

Result<std::string> release_of(const Context& context, const FitOptions& options) {
    if (options.task.empty()) {
        return options.release;
    }
    const auto task = find_task(context, options.task);
    if (!task) {
        return tl::unexpected(task.error());
    }
    const auto models = ApiClient(context).call({"GET", "/api/v1/models", {}, {}});
    return models ? newest_release(*models, *task)
                  : Result<std::string>(tl::unexpected(models.error()));
}

Result<int> fit(const Context& context, const FitOptions& options) {
    const auto release = release_of(context, options);
    if (!release) {
        return tl::unexpected(release.error());
    }
    const auto name = read_release(*release);
    if (!name) {
        return tl::unexpected(name.error());
    }
    auto path = fmt::format("/api/v1/models/{}/releases/{}/fit?page_size={}", name->model.text(),
                            name->number, kPageSize);
    if (!options.after.empty()) {
        path += "&page_token=" + percent_encode(options.after);
    }
    const auto answer = ApiClient(context).call({"GET", path, {}, {}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (context.json) {
        print_json("model-fit", answer->as_object());
        return kExitDone;
    }
    print_report(*release, *answer, options.with_devices);
    if (const auto next = text_at(*answer, "next_page_token");
        options.with_devices && !next.empty()) {
        say("More devices: --after " + next);
    }
    return kExitDone;
}

}  // namespace

Result<std::string> newest_release(const json::value& models, std::uint32_t task) {
    std::string newest;
    std::uint64_t highest = 0;
    for (const auto& release : list_at(models, "releases")) {
        const auto counter = number_at(release, "counter");
        if (number_at(release, "task") == task && counter > highest) {
            highest = counter;
            newest = fmt::format("{}@{}", text_at(release, "model"), text_at(release, "release"));
        }
    }
    if (newest.empty()) {
        return base::fail(base::ErrorKind::kNotFound,
                          fmt::format("task {} has no release yet", task), {},
                          "Import one: frugalctl model import.");
    }
    return newest;
}

void add_fit_command(CLI::App& noun, Context& context) {
    auto options = std::make_shared<FitOptions>();
    auto* command = noun.add_subcommand(
        "fit", "which variant of a release each device would get, and why not the others");
    auto* release = command->add_option("release", options->release, "MODEL@NUMBER");
    command->add_option("--task", options->task, "name or number: the newest release for this task")
        ->excludes(release);
    command->add_flag("--devices", options->with_devices, "every device, not only the classes");
    command->add_option("--after", options->after, "devices after this one");
    on_command(*command, context, [&context, options] { return fit(context, *options); });
}

}  // namespace frugal::cli
