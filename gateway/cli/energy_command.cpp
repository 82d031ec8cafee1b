// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/api_client.hpp"
#include "cli/command.hpp"
#include "cli/json_path.hpp"
#include "cli/output.hpp"

namespace frugal::cli {

using base::Result;

namespace {

namespace json = boost::json;

constexpr std::size_t kPageSize = 1000;

struct EnergyArguments {
    std::string device;
    bool shows_constants = false;
};

std::string joules(double value) {
    return fmt::format("{:.3f}", value);
}

std::string saved(const json::value& energy) {
    return at_path(energy, "saved_ratio").is_null()
               ? "-"
               : fmt::format("{:.1f}%", 100 * real_at(energy, "saved_ratio"));
}

std::vector<std::string> row_of(const std::string& name, const json::value& energy) {
    std::vector<std::string> row = {name};
    for (const auto& use : list_at(energy, "uses")) {
        row.push_back(joules(real_at(use, "joules")));
    }
    row.push_back(joules(real_at(energy, "used_j")));
    row.push_back(joules(real_at(energy, "raw_j")));
    row.push_back(saved(energy));
    row.push_back(grouped(number_at(energy, "used_bytes")));
    row.push_back(grouped(number_at(energy, "raw_bytes")));
    return row;
}

void print_uses(const json::value& energy) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& use : list_at(energy, "uses")) {
        rows.push_back({text_at(use, "use"), joules(real_at(use, "joules")),
                        grouped(number_at(use, "bytes"))});
    }
    rows.push_back(
        {"total", joules(real_at(energy, "used_j")), grouped(number_at(energy, "used_bytes"))});
    rows.push_back({"raw data instead", joules(real_at(energy, "raw_j")),
                    grouped(number_at(energy, "raw_bytes"))});
    rows.push_back({"saved", saved(energy), ""});
    print_table({"use", "joules", "bytes"}, rows);
    fmt::print("\n{} inferences; {} J besides for sessions and what else the device counts.\n",
               grouped(number_at(energy, "inferences")), joules(real_at(energy, "other_j")));
}

void say_what_it_is() {
    say("The devices' own accounts: metered, or estimated from constants "
        "(frugalctl energy --constants).");
}

Result<int> show_device(const Context& context, const std::string& device) {
    const auto energy =
        ApiClient(context).call({"GET", "/api/v1/devices/" + device + "/energy", {}, {}});
    if (!energy) {
        return tl::unexpected(energy.error());
    }
    if (context.json) {
        print_json("energy", {{"device", *energy}});
        return kExitDone;
    }
    print_uses(*energy);
    say_what_it_is();
    return kExitDone;
}

Result<int> show_fleet(const Context& context) {
    const ApiClient client(context);
    std::vector<std::vector<std::string>> rows;
    json::array devices;
    json::value fleet;
    std::string token;
    do {
        const auto page = client.call(
            {"GET", fmt::format("/api/v1/energy?page_size={}{}", kPageSize, token), {}, {}});
        if (!page) {
            return tl::unexpected(page.error());
        }
        fleet = at_path(*page, "fleet");
        for (const auto& device : list_at(*page, "devices")) {
            rows.push_back(row_of(text_at(device, "device"), device));
            devices.push_back(device);
        }
        const auto next = text_at(*page, "next_page_token");
        token = at_path(*page, "next_page_token").is_null() ? "" : "&page_token=" + next;
    } while (!token.empty());
    if (context.json) {
        print_json("energy", {{"fleet", fleet}, {"devices", std::move(devices)}});
        return kExitDone;
    }
    rows.push_back(row_of("fleet", fleet));
    print_table({"device", "inference J", "radio J", "updates J", "escalations J", "total J",
                 "raw data J", "saved", "bytes", "raw bytes"},
                rows);
    say_what_it_is();
    return kExitDone;
}

Result<int> show_constants(const Context& context) {
    const auto answer = ApiClient(context).call({"GET", "/api/v1/energy/constants", {}, {}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (context.json) {
        print_json("energy-constants", answer->as_object());
        return kExitDone;
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& entry : list_at(*answer, "constants")) {
        rows.push_back({text_at(entry, "about"), text_at(entry, "name"),
                        fmt::format("{:g}", real_at(entry, "value")), text_at(entry, "unit"),
                        text_at(entry, "source")});
    }
    print_table({"about", "part", "value", "unit", "source"}, rows);
    say("Estimates: two software stacks on one chip differ by a factor of 2 to 4.");
    return kExitDone;
}

}  // namespace

void add_energy_command(CLI::App& root, Context& context) {
    auto arguments = std::make_shared<EnergyArguments>();
    auto* energy =
        root.add_subcommand("energy", "joules and bytes by use, against sending every raw input");
    energy->add_option("device", arguments->device, "only this device");
    energy->add_flag("--constants", arguments->shows_constants,
                     "what estimates rest on, with sources");
    on_command(*energy, context, [&context, arguments] {
        if (arguments->shows_constants) {
            return show_constants(context);
        }
        return arguments->device.empty() ? show_fleet(context)
                                         : show_device(context, arguments->device);
    });
}

}  // namespace frugal::cli
