// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>

#include "cli/api_client.hpp"
#include "cli/claims_file.hpp"
#include "cli/command.hpp"
#include "cli/json_path.hpp"
#include "cli/number_option.hpp"
#include "cli/output.hpp"

namespace frugal::cli {

namespace json = boost::json;
using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::uint64_t kDaySeconds = 24 * 3600;

struct AddOptions {
    std::string name;
    std::string label;
    std::uint32_t count = 0;
    std::string prefix = "dev";
    std::string claims_file;
    std::uint64_t claim_s = kDaySeconds;
};

Result<json::value> add_one(const Context& context, const AddOptions& options,
                            const std::string& name) {
    json::object body{{"device", name}, {"expires_in_s", options.claim_s}};
    if (!options.label.empty()) {
        body["label"] = options.label;
    }
    return ApiClient(context).call(
        {"POST", "/api/v1/devices", "application/json", json::serialize(body)});
}

Result<int> add_many(const Context& context, const AddOptions& options) {
    auto claims = ClaimsFile::open(options.claims_file);
    if (!claims) {
        return tl::unexpected(claims.error());
    }
    for (std::uint32_t i = 1; i <= options.count; ++i) {
        const std::string name = fmt::format("{}-{:04}", options.prefix, i);
        const auto added = add_one(context, options, name);
        if (!added) {
            return fail(added.error(), fmt::format("device {} of {}", i, options.count));
        }
        if (auto written = claims->append(name, text_at(*added, "claim_code")); !written) {
            return tl::unexpected(written.error());
        }
    }
    if (context.json) {
        print_json("device-add", {{"added", options.count}, {"claims", options.claims_file}});
    } else {
        fmt::print("{} devices added, claim codes in {}\n", options.count, options.claims_file);
    }
    return kExitDone;
}

Result<int> add(const Context& context, const AddOptions& options) {
    if (options.count > 0 && !options.claims_file.empty()) {
        return add_many(context, options);
    }
    if (options.name.empty() || options.count > 0) {
        return fail(ErrorKind::kInvalidInput, "name one device, or give --count and --claims", {},
                    "frugalctl device add press-7");
    }
    const auto added = add_one(context, options, options.name);
    if (!added) {
        return tl::unexpected(added.error());
    }
    if (context.json) {
        print_json("device-add", added->as_object());
        return kExitDone;
    }
    fmt::print("{} may enrol with the code {} (shown once, good for {} h)\n", options.name,
               text_at(*added, "claim_code"), number_at(*added, "expires_in_s") / 3600);
    say("Next: the device sends its request to /.well-known/est/simpleenroll; then "
        "frugalctl device show " +
        options.name);
    return kExitDone;
}

Result<int> list(const Context& context) {
    json::array devices;
    std::string token;
    do {
        const auto page =
            ApiClient(context).call({"GET",
                                     "/api/v1/devices?page_size=1000" +
                                         (token.empty() ? std::string() : "&page_token=" + token),
                                     {},
                                     {}});
        if (!page) {
            return tl::unexpected(page.error());
        }
        for (const auto& device : list_at(*page, "devices")) {
            devices.push_back(device);
        }
        token = text_at(*page, "next_page_token");
    } while (!token.empty());
    if (context.json) {
        print_json("device-list", {{"devices", devices}});
        return kExitDone;
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& device : devices) {
        const auto& desired = list_at(device, "desired");
        const std::string runs =
            desired.empty()
                ? "-"
                : fmt::format("{}@{} {}", text_at(desired[0], "model"),
                              text_at(desired[0], "release"), text_at(desired[0], "state"));
        rows.push_back({text_at(device, "device"), text_at(device, "capability.device_class"),
                        text_at(device, "state"), text_at(device, "presence"), runs});
    }
    print_table({"device", "class", "state", "presence", "model"}, rows);
    return kExitDone;
}

Result<int> show(const Context& context, const std::string& name) {
    const auto device =
        ApiClient(context).call({"GET", "/api/v1/devices/" + percent_encode(name), {}, {}});
    if (!device) {
        return tl::unexpected(device.error());
    }
    if (context.json) {
        print_json("device-show", device->as_object());
        return kExitDone;
    }
    fmt::print("{}  {}, {}\n", name, text_at(*device, "state"), text_at(*device, "presence"));
    fmt::print("class        {}\n", text_at(*device, "capability.device_class"));
    fmt::print("certificate  until {}\n", text_at(*device, "certificate.not_after"));
    for (const auto& desired : list_at(*device, "desired")) {
        fmt::print("desired      task {}: {}@{} {} {}\n", text_at(desired, "task"),
                   text_at(desired, "model"), text_at(desired, "release"),
                   text_at(desired, "state"), text_at(desired, "reason"));
    }
    for (const auto& policy : list_at(*device, "policies")) {
        const auto label = text_at(policy, "label");
        fmt::print("policy       task {}: version {}{}\n", text_at(policy, "task"),
                   text_at(policy, "version"),
                   !text_at(policy, "device").empty() ? ", its own"
                   : !label.empty()                   ? ", of label " + label
                                                      : "");
    }
    for (const auto& stream : list_at(*device, "streams")) {
        fmt::print("stream       {}: {} decisions stored, {} lost\n", text_at(stream, "stream"),
                   grouped(number_at(stream, "accepted")), grouped(number_at(stream, "lost")));
    }
    return kExitDone;
}

Result<int> act(const Context& context, const std::string& name, const std::string& verb) {
    const auto done = ApiClient(context).call(
        {"POST", "/api/v1/devices/" + percent_encode(name) + ":" + verb, {}, {}});
    if (!done) {
        return tl::unexpected(done.error());
    }
    if (context.json) {
        print_json("device-" + verb, {{"device", name}, {"done", true}});
    } else {
        fmt::print("{}: {}d\n", name, verb);
    }
    return kExitDone;
}

}  // namespace

void add_device_commands(CLI::App& root, Context& context) {
    auto* noun = root.add_subcommand("device", "the devices of the site")->require_subcommand(1);
    auto options = std::make_shared<AddOptions>();
    auto* add_command = noun->add_subcommand("add", "let a device enrol: prints its one-time code");
    add_command->add_option("name", options->name, "[a-z0-9-]{1,64}");
    add_command->add_option("--label", options->label, "a name for people");
    add_command->add_option("--count", options->count, "add so many, PREFIX-0001 and on");
    add_command->add_option("--prefix", options->prefix, "with --count")->capture_default_str();
    add_command->add_option("--claims", options->claims_file,
                            "with --count: file the codes are added to");
    add_command->add_option("--claim-seconds", options->claim_s, "how long the code is good")
        ->capture_default_str()
        ->check(whole_number_within(1, 30 * kDaySeconds));
    on_command(*add_command, context, [&context, options] { return add(context, *options); });
    on_command(*noun->add_subcommand("list", "list all devices"), context,
               [&context] { return list(context); });

    auto name = std::make_shared<std::string>();
    auto* show_command = noun->add_subcommand("show", "desired and reported state of one device");
    show_command->add_option("name", *name)->required();
    on_command(*show_command, context, [&context, name] { return show(context, *name); });
    for (const auto& [verb, help] :
         {std::pair<std::string, std::string>{"revoke", "shut a device out for good, at once"},
          {"release", "take a quarantined device back into service"}}) {
        auto* command = noun->add_subcommand(verb, help);
        command->add_option("name", *name)->required();
        on_command(*command, context,
                   [&context, name, verb = verb] { return act(context, *name, verb); });
    }
}

}  // namespace frugal::cli
