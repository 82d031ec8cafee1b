// SPDX-License-Identifier: Apache-2.0
// `frugalctl policy`: sets policies, goes back to earlier ones, shows versions and differences.
#include <map>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/api_client.hpp"
#include "cli/command.hpp"
#include "cli/files.hpp"
#include "cli/json_path.hpp"
#include "cli/learning_commands.hpp"
#include "cli/number_option.hpp"
#include "cli/offline_policy.hpp"
#include "cli/output.hpp"
#include "cli/policy_verbs.hpp"

namespace frugal::cli {

namespace json = boost::json;
using base::Result;

namespace {

constexpr std::uint64_t kShadowMax_s = 30 * 24 * 3600;  // as the gateway takes it

Result<int> set(const Context& context, const PolicyOptions& options) {
    const auto text = read_bytes(options.file);
    if (!text) {
        return tl::unexpected(text.error());
    }
    auto target = policy_path(options) + "?release=" + percent_encode(options.release) +
                  "&comment=" + percent_encode(options.comment);
    target += audience_query(options);
    const bool is_for_classes = options.device.empty() && options.label.empty();
    if (!is_for_classes) {
        // In force at once.
    } else if (options.is_at_once) {
        target += "&at_once=true";
    } else {
        target +=
            fmt::format("&shares={}&wait_s={}", percent_encode(options.shares), options.wait_s);
        target += options.shadow_s >= 0 ? fmt::format("&shadow_s={}", options.shadow_s) : "";
    }
    target += options.is_dry_run ? "&dry_run=true" : "";
    ApiRequest request{"PUT", target, "application/toml", std::string(base::as_text(*text))};
    request.if_match = options.if_version == 0 ? "" : fmt::format("\"{}\"", options.if_version);
    return ask(context, options.is_dry_run ? "policy-set-dry-run" : "policy-set", request,
               options.is_dry_run ? print_trial : print_set)
        .map_error([&](base::Error error) { return named_after(std::move(error), options.file); });
}

Result<int> revert(const Context& context, const PolicyOptions& options) {
    auto target = policy_path(options) + ":revert?comment=" + percent_encode(options.comment);
    target += options.version != 0 ? fmt::format("&to={}", options.version) : "";
    target += audience_query(options);
    return ask(context, "policy-revert", {"POST", target, {}, {}}, print_set);
}

/// The device classes that a version has parts for.
std::string classes_of(const json::value& version) {
    std::vector<std::string> classes;
    for (const auto& part : list_at(version, "parts")) {
        classes.push_back(text_at(part, "device_class"));
    }
    return fmt::format("{}", fmt::join(classes, ", "));
}

void print_history(const json::value& answer) {
    const auto& in_force = list_at(answer, "in_force");
    const auto state_of = [&](std::uint64_t version) -> std::string {
        for (const auto& number : in_force) {
            if (number.to_number<std::uint64_t>() == version) {
                return "in force";
            }
        }
        for (const auto& own : list_at(answer, "overrides")) {
            if (number_at(own, "version") == version) {
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
            {std::to_string(number), state_of(number), for_whom(version, classes_of(version)),
             text_at(version, "origin") + (source != 0 ? fmt::format(" of {}", source) : ""),
             text_at(version, "release"), text_at(version, "set_at"), text_at(version, "actor"),
             text_at(version, "digest").substr(0, 12), text_at(version, "comment")});
    }
    print_table({"version", "state", "for", "origin", "release", "set", "by", "content", "comment"},
                rows);
}

Result<int> history(const Context& context, const PolicyOptions& options) {
    return ask(context, "policy-history", {"GET", policy_path(options) + "/versions", {}, {}},
               print_history);
}

/// The version's own text, then those of device classes whose rules come from another one.
void print_texts(const json::value& answer) {
    const auto own = text_at(answer, "text");
    bool has_others = false;
    bool has_own = false;
    for (const auto& part : list_at(answer, "rules")) {
        (at_path(part, "own_text").is_object() ? has_others : has_own) = true;
    }
    if (!has_others || has_own) {
        fmt::print("{}{}", has_others ? "# text of the other device classes:\n" : "", own);
    }
    for (const auto& part : list_at(answer, "rules")) {
        if (at_path(part, "own_text").is_object()) {
            fmt::print("# text of device class {}, for {}:\n{}", text_at(part, "device_class"),
                       text_at(part, "own_text.release"), text_at(part, "own_text.text"));
        }
    }
}

void print_version(const json::value& answer) {
    const auto whom = for_whom(answer, "");
    fmt::print("# version {}, {} by {} at {}, for {}{}\n", number_at(answer, "version"),
               text_at(answer, "origin"), text_at(answer, "actor"), text_at(answer, "set_at"),
               text_at(answer, "release"), whom.empty() ? "" : " of " + whom + " alone");
    for (const auto& part : list_at(answer, "rules")) {
        fmt::print("# device class {}:\n", text_at(part, "device_class"));
        for (const auto& line : list_at(part, "lines")) {
            fmt::print("#   {}\n", std::string_view(line.as_string()));
        }
    }
    print_texts(answer);
}

base::Error no_policy(const std::string& whose, const std::string& remedy) {
    return {base::ErrorKind::kNotFound, whose + " has no policy", {}, remedy};
}

/// What the device is to obey.
Result<std::uint64_t> version_of_device(const Context& context, const PolicyOptions& options) {
    const auto device = ApiClient(context).call(
        {"GET", "/api/v1/devices/" + percent_encode(options.device), {}, {}});
    if (!device) {
        return tl::unexpected(device.error());
    }
    for (const auto& policy : list_at(*device, "policies")) {
        if (number_at(policy, "task") == options.task) {
            return number_at(policy, "version");
        }
    }
    return tl::unexpected(
        no_policy(fmt::format("{} of task {}", options.device, options.task),
                  "frugalctl device show tells its tasks; frugalctl policy set sets one."));
}

/// What the devices with a label are to obey, each class for itself: a version each, with the
/// classes that obey it.
Result<int> show_of_label(const Context& context, const PolicyOptions& options) {
    const auto answer = ApiClient(context).call(
        {"GET", policy_path(options) + "/versions?label=" + percent_encode(options.label), {}, {}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    std::map<std::uint64_t, json::array> classes;
    for (const auto& obeyed : list_at(*answer, "obeyed")) {
        classes[number_at(obeyed, "version")].emplace_back(text_at(obeyed, "device_class"));
    }
    if (classes.empty()) {
        return tl::unexpected(
            no_policy(fmt::format("label {} of task {}", options.label, options.task),
                      "frugalctl device list shows labels; a device with it must have said that it "
                      "decides the task, and its class must have a policy."));
    }
    json::array versions;
    for (auto& [version, names] : classes) {
        auto shown = ApiClient(context).call(
            {"GET", fmt::format("{}/versions/{}", policy_path(options), version), {}, {}});
        if (!shown) {
            return tl::unexpected(shown.error());
        }
        shown->as_object()["obeyed_by"] = std::move(names);
        versions.push_back(std::move(*shown));
    }
    if (context.json) {
        print_json("policy-show-label",
                   {{"label", options.label}, {"versions", std::move(versions)}});
        return kExitDone;
    }
    for (const auto& version : versions) {
        std::vector<std::string> names;
        for (const auto& name : list_at(version, "obeyed_by")) {
            names.emplace_back(name.as_string());
        }
        fmt::print("# label {}, class {}:\n", options.label, fmt::join(names, ", "));
        print_version(version);
    }
    return kExitDone;
}

/// The version asked for, else the newest one in force.
Result<std::uint64_t> chosen_version(const Context& context, const PolicyOptions& options) {
    if (options.version != 0) {
        return options.version;
    }
    if (!options.device.empty()) {
        return version_of_device(context, options);
    }
    const auto answer =
        ApiClient(context).call({"GET", policy_path(options) + "/versions", {}, {}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    const auto& in_force = list_at(*answer, "in_force");
    if (in_force.empty()) {
        return tl::unexpected(
            no_policy(fmt::format("task {}", options.task), "Set one with frugalctl policy set."));
    }
    return in_force.back().to_number<std::uint64_t>();
}

Result<int> show(const Context& context, const PolicyOptions& options) {
    if (!options.label.empty()) {
        return show_of_label(context, options);
    }
    const auto version = chosen_version(context, options);
    if (!version) {
        return tl::unexpected(version.error());
    }
    return ask(context, "policy-show",
               {"GET", fmt::format("{}/versions/{}", policy_path(options), *version), {}, {}},
               print_version);
}

void print_two_versions(const json::value& answer) {
    print_difference(answer, text_at(answer, "before"), text_at(answer, "after"));
}

Result<int> diff(const Context& context, const PolicyOptions& options) {
    if (!options.release.empty()) {
        const auto text = read_bytes(options.first);
        if (!text) {
            return tl::unexpected(text.error());
        }
        return ask(context, "policy-diff",
                   {"POST",
                    policy_path(options) + ":compare?release=" + percent_encode(options.release) +
                        audience_query(options),
                    "application/toml", std::string(base::as_text(*text))},
                   print_two_versions)
            .map_error(
                [&](base::Error error) { return named_after(std::move(error), options.first); });
    }
    if (options.second.empty()) {
        return base::fail(base::ErrorKind::kInvalidInput, "nothing to compare with is named", {},
                          "Give a second version, or a file and --release MODEL@N.");
    }
    return ask(context, "policy-diff",
               {"GET",
                fmt::format("{}/difference?from={}&until={}", policy_path(options),
                            percent_encode(options.first), percent_encode(options.second)),
                {},
                {}},
               print_two_versions);
}

void add_set(CLI::App& policy, Context& context, const Options& options) {
    auto* command =
        add_verb(policy, context, "set", "compile, sign and push a policy file", options, set);
    command->add_option("task", options->named, kTaskHelp)->required();
    command->add_option("file", options->file, "TOML, see config/policies")->required();
    command->add_option("--release", options->release, "MODEL@N whose models it is measured for")
        ->required();
    command->add_option("--comment", options->comment, "kept with the version");
    command->add_flag("--dry-run", options->is_dry_run,
                      "prove it and tell what it would do and change, but change nothing");
    command
        ->add_option("--if-version", options->if_version,
                     "only if nobody has set another version since this one")
        ->check(CLI::Range(1U, UINT32_MAX));
    add_audience_options(*command, options);
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
        ->check(whole_number_within(0, kShadowMax_s))
        ->excludes(at_once);
    for (const auto* audience : {"--device", "--label"}) {
        for (const auto* step : {"--shares", "--wait", "--shadow"}) {
            command->get_option(audience)->excludes(command->get_option(step));
        }
    }
}

void add_versions(CLI::App& policy, Context& context, const Options& options) {
    auto* command =
        add_verb(policy, context, "show", "one version: its rules and its text", options, show);
    command->add_option("task", options->named, kTaskHelp)->required();
    auto* number = command->add_option("--version", options->version, "default: the one in force");
    auto* device =
        command->add_option("--device", options->device, "the one that this device is to obey");
    device->excludes(number);
    command
        ->add_option("--label", options->label,
                     "those that the devices with this label are to obey, by class")
        ->excludes(number)
        ->excludes(device);
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
    add_audience_options(*command, options);
    command = add_verb(policy, context, "revert",
                       "an earlier version's content, on all devices now", options, revert);
    command->add_option("task", options->named, kTaskHelp)->required();
    command->add_option("--to", options->version, "default: the version before");
    command->add_option("--comment", options->comment, "kept with the version");
    add_audience_options(*command, options);
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
    add_policy_rollout_commands(*policy, context, options);
    add_override_commands(*policy, context, options);
}

}  // namespace frugal::cli
