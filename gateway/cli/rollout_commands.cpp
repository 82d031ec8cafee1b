// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>

#include "cli/api_client.hpp"
#include "cli/bundle_commands.hpp"
#include "cli/command.hpp"
#include "cli/files.hpp"
#include "cli/json_path.hpp"
#include "cli/number_option.hpp"
#include "cli/output.hpp"
#include "cli/release_option.hpp"

namespace frugal::cli {

namespace json = boost::json;
using base::Result;

namespace {

constexpr auto kWatchInterval = std::chrono::milliseconds(500);

Result<int> start(const Context& context, const std::string& release,
                  const std::vector<std::string>& devices) {
    const auto name = read_release(release);
    if (!name) {
        return tl::unexpected(name.error());
    }
    json::object body{{"model", name->model.text()}, {"release", name->number}};
    if (!devices.empty()) {
        json::array names;
        for (const auto& device : devices) {
            names.emplace_back(device);
        }
        body["devices"] = names;
    }
    const auto started = ApiClient(context).call(
        {"POST", "/api/v1/rollouts", "application/json", json::serialize(body)});
    if (!started) {
        return tl::unexpected(started.error());
    }
    if (context.json) {
        print_json("rollout-start", started->as_object());
        return kExitDone;
    }
    fmt::print("rollout {} of {} started\n", number_at(*started, "rollout"), release);
    say(fmt::format("Next: frugalctl rollout watch {}", number_at(*started, "rollout")));
    return kExitDone;
}

Result<json::value> fetch(const Context& context, std::uint64_t rollout) {
    return ApiClient(context).call(
        {"GET", fmt::format("/api/v1/rollouts/{}?page_size=1000", rollout), {}, {}});
}

std::string counts_text(const json::value& rollout, std::string_view key) {
    std::string text;
    for (const auto& entry : list_at(rollout, key)) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", text_at(entry, "count"),
                            text_at(entry, "name"));
    }
    return text;
}

std::string rollout_line(const json::value& rollout) {
    std::string line = fmt::format("rollout {} of {}@{}: {}, {} devices: {}",
                                   text_at(rollout, "id"), text_at(rollout, "model"),
                                   text_at(rollout, "release"), text_at(rollout, "state"),
                                   text_at(rollout, "devices"), counts_text(rollout, "states"));
    const std::string reasons = counts_text(rollout, "reasons");
    return reasons.empty() ? line : line + " (" + reasons + ")";
}

Result<int> show(const Context& context, std::uint64_t id) {
    const auto answer = fetch(context, id);
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (context.json) {
        print_json("rollout-show", answer->as_object());
        return kExitDone;
    }
    fmt::print("{}\n\n", rollout_line(at_path(*answer, "rollout")));
    std::vector<std::vector<std::string>> rows;
    for (const auto& device : list_at(*answer, "devices")) {
        rows.push_back({text_at(device, "device"), text_at(device, "state"),
                        text_at(device, "reason"), text_at(device, "attempt"),
                        text_at(device, "blocks_held")});
    }
    print_table({"device", "state", "reason", "attempt", "blocks"}, rows);
    return kExitDone;
}

Result<int> watch(const Context& context, std::uint64_t id,
                  const std::optional<std::uint32_t>& within_s) {
    const auto began = std::chrono::steady_clock::now();
    std::string last;
    for (;;) {
        const auto answer = fetch(context, id);
        if (!answer) {
            return tl::unexpected(answer.error());
        }
        const auto& rollout = at_path(*answer, "rollout");
        const std::string line = rollout_line(rollout);
        if (line != last) {
            fmt::print("{}\n", line);
            last = line;
        }
        const std::string state = text_at(rollout, "state");
        if (state != "running") {
            bool is_clean = state == "finished";
            for (const auto& entry : list_at(rollout, "states")) {
                is_clean = is_clean && text_at(entry, "name") == "confirmed";
            }
            return is_clean ? kExitDone : kExitRolloutFailed;
        }
        if (within_s &&
            std::chrono::steady_clock::now() - began >= std::chrono::seconds(*within_s)) {
            say(
                fmt::format("rollout {} still runs after {} s and goes on; watch it again, or stop "
                            "it: frugalctl rollout abort {}",
                            id, *within_s, id));
            return kExitTimedOut;
        }
        std::this_thread::sleep_for(kWatchInterval);
    }
}

Result<int> list(const Context& context) {
    const auto answer = ApiClient(context).call({"GET", "/api/v1/rollouts", {}, {}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (context.json) {
        print_json("rollout-list", answer->as_object());
        return kExitDone;
    }
    for (const auto& rollout : list_at(*answer, "rollouts")) {
        fmt::print("{}\n", rollout_line(rollout));
    }
    return kExitDone;
}

Result<int> act(const Context& context, std::uint64_t id, const std::string& verb,
                const std::string& permit = {}) {
    ApiRequest request{"POST", fmt::format("/api/v1/rollouts/{}:{}", id, verb), {}, {}};
    if (!permit.empty()) {
        const auto bytes = read_bytes(permit);
        if (!bytes) {
            return tl::unexpected(bytes.error());
        }
        request.content_type = kBundleType;
        request.body = base::as_text(*bytes);
    }
    const auto answer = ApiClient(context).call(request);
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (context.json) {
        print_json("rollout-" + verb, {{"rollout", id}, {"answer", *answer}});
        return kExitDone;
    }
    if (verb == "rollback") {
        fmt::print("rollout {} takes its devices back\n", number_at(*answer, "rollout"));
    } else {
        fmt::print("rollout {} aborted: no further device is offered its release\n", id);
    }
    return kExitDone;
}

}  // namespace

void add_rollout_commands(CLI::App& root, Context& context) {
    auto* noun = root.add_subcommand("rollout", "staged changes of what devices run");
    noun->require_subcommand(1);
    auto release = std::make_shared<std::string>();
    auto devices = std::make_shared<std::vector<std::string>>();
    auto* start_command = noun->add_subcommand("start", "offer a release to devices");
    start_command->add_option("release", *release, "MODEL@NUMBER")->required();
    start_command->add_option("--device", *devices, "only these; default: all");
    on_command(*start_command, context,
               [&context, release, devices] { return start(context, *release, *devices); });
    on_command(*noun->add_subcommand("list", "all rollouts, newest first"), context,
               [&context] { return list(context); });

    auto id = std::make_shared<std::uint64_t>(0);
    const auto with_id = [&](const std::string& verb, const std::string& help,
                             std::function<Result<int>()> action) {
        auto* command = noun->add_subcommand(verb, help);
        command->add_option("rollout", *id, "its number")
            ->required()
            ->check(whole_number_within(0, INT64_MAX));
        on_command(*command, context, std::move(action));
        return command;
    };
    with_id("show", "every device's state and reason",
            [&context, id] { return show(context, *id); });
    auto within_s = std::make_shared<std::optional<std::uint32_t>>();
    with_id("watch", "follow it to its end (Ctrl-C stops watching only)",
            [&context, id, within_s] { return watch(context, *id, *within_s); })
        ->add_option("--within", *within_s,
                     "seconds; if it still runs then, exit status 8 (default: wait for its end)")
        ->check(CLI::Range(0, INT32_MAX));
    with_id("abort", "stop offering", [&context, id] { return act(context, *id, "abort"); });
    auto permit = std::make_shared<std::string>();
    with_id("rollback", "take its devices back to the release before",
            [&context, id, permit] { return act(context, *id, "rollback", *permit); })
        ->add_option("--permit", *permit,
                     "of frugalctl model permit, where the gateway holds no release key");
}

}  // namespace frugal::cli
