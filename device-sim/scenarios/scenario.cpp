// SPDX-License-Identifier: Apache-2.0
#include "device-sim/scenarios/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "device-sim/device/device_profile.hpp"
#include "device-sim/scenarios/toml_table.hpp"
#include "device-sim/support/file.hpp"

namespace frugal::swarm {
namespace {

constexpr std::uint32_t kDevicesMax = 19000;  // descriptors of one process
constexpr std::uint32_t kMillisecondsMax = 3'600'000;
constexpr std::uint64_t kCountMax = 1'000'000'000;

struct AttackName {
    const char* name;
    Attack attack;
    const char* reason;
};

constexpr AttackName kAttacks[] = {
    {"none", Attack::kNone, ""},
    {"bad_signature", Attack::kBadSignature, "BAD_SIGNATURE"},
    {"downgrade", Attack::kDowngrade, "DOWNGRADE"},
    {"bad_block", Attack::kBadBlock, ""},
};

void read_selection(TomlTable& table, Selection& selection) {
    table.read("class", selection.device_class);
    if (!selection.device_class.empty() && find_device_profile(selection.device_class) == nullptr) {
        table.complain(table.find("class"), "'class' must be tiny, m4 or esp32");
    }
    table.read("devices", selection.count, kDevicesMax);
}

void read_fleet(const toml::table& source, Scenario& scenario, std::optional<Error>& problem) {
    TomlTable table(source, problem);
    table.read("devices", scenario.devices, kDevicesMax);
    table.read("seed", scenario.seed, INT64_MAX);
    table.read("decisions_per_second", scenario.decisions_per_second, 0.0, 100.0);
    table.read("task", scenario.task, 0xffff);
    table.read("privacy", scenario.privacy);
    table.read("deadline_ms", scenario.deadline_ms, kMillisecondsMax);
    table.read("decision_sectors", scenario.decision_sectors, 256);
    table.read("one_slot", scenario.one_slot);
    table.read("mqtt", scenario.mqtt);
    if (const toml::table* classes = table.table("classes")) {
        TomlTable mix(*classes, problem);
        for (const DeviceProfile& profile : device_profiles()) {
            std::uint32_t count = 0;
            mix.read(profile.name.data(), count, kDevicesMax);
            if (count > 0) {
                scenario.classes[std::string(profile.name)] = count;
            }
        }
        mix.finish();
    }
    table.finish();
}

void read_link(const toml::table& source, LinkScenario& link, std::optional<Error>& problem) {
    TomlTable table(source, problem);
    table.read("simulate_delay", link.simulate_delay);
    table.read("delay_scale", link.delay_scale, 0.0, 1000.0);
    table.read("good_to_bad", link.loss.good_to_bad, 0.0, 1.0);
    table.read("bad_to_good", link.loss.bad_to_good, 0.0, 1.0);
    table.read("loss_good", link.loss.loss_good, 0.0, 1.0);
    table.read("loss_bad", link.loss.loss_bad, 0.0, 1.0);
    table.read("duplicate", link.duplicate, 0.0, 1.0);
    table.read("reorder", link.reorder, 0.0, 1.0);
    table.finish();
}

void read_power_cut(const toml::table& source, Scenario& scenario, std::optional<Error>& problem) {
    TomlTable table(source, problem);
    PowerCutScenario cut;
    read_selection(table, cut.devices);
    table.read("phase", cut.phase);
    table.read("flash_operations", cut.flash_operations, 1'000'000);
    table.read("random_operations", cut.random_operations, 1'000'000);
    table.read("times", cut.times, 1'000'000);
    table.read("off_ms", cut.off_ms, kMillisecondsMax);
    table.finish();
    cut.flash_operations = std::max(cut.flash_operations, 1u);
    scenario.power_cuts.push_back(cut);
}

void read_storm(const toml::table& source, Scenario& scenario, std::optional<Error>& problem) {
    TomlTable table(source, problem);
    StormScenario storm;
    table.read_ms("at_ms", storm.at);
    table.read_ms("every_ms", storm.every);
    table.read_ms("within_ms", storm.within);
    table.read("backs_off", storm.backs_off);
    table.finish();
    scenario.storms.push_back(storm);
}

void read_hostile(const toml::table& source, HostileScenario& hostile,
                  std::optional<Error>& problem) {
    TomlTable table(source, problem);
    std::string name = "none";
    table.read("attack", name);
    const auto found = std::find_if(std::begin(kAttacks), std::end(kAttacks),
                                    [&name](const auto& entry) { return name == entry.name; });
    if (found == std::end(kAttacks)) {
        table.complain(table.find("attack"),
                       "'attack' must be bad_signature, downgrade, bad_block or none");
    } else {
        hostile.attack = found->attack;
        hostile.expected_reason = found->reason;
    }
    read_selection(table, hostile.devices);
    table.read("probability", hostile.probability, 0.0, 1.0);
    table.finish();
}

void read_end(const toml::table& source, Scenario& scenario, std::optional<Error>& problem) {
    TomlTable table(source, problem);
    table.read_ms("after_ms", scenario.end.after);
    table.read("decisions_acked", scenario.end.decisions_acked, kCountMax);
    table.read("escalations_answered", scenario.end.escalations_answered, kCountMax);
    table.read("confirmed_release", scenario.end.confirmed_release, 0xffffffffu);
    table.read("attack_refused", scenario.end.attack_refused);
    table.read_ms("drain_ms", scenario.drain_limit);
    table.finish();
}

template <typename Read>
void read_each(const toml::array* tables, Read read) {
    for (std::size_t i = 0; tables != nullptr && i < tables->size(); ++i) {
        read(*tables->get(i)->as_table());
    }
}

void read_root(const toml::table& source, Scenario& scenario, std::optional<Error>& problem) {
    TomlTable root(source, problem);
    root.read("name", scenario.name);
    root.read("description", scenario.description);
    if (const toml::table* fleet = root.table("fleet")) {
        read_fleet(*fleet, scenario, problem);
    }
    if (const toml::table* link = root.table("link")) {
        read_link(*link, scenario.link, problem);
    }
    if (const toml::table* hostile = root.table("hostile")) {
        read_hostile(*hostile, scenario.hostile, problem);
    }
    if (const toml::table* end = root.table("end")) {
        read_end(*end, scenario, problem);
    }
    read_each(root.tables("power_cut"),
              [&](const toml::table& table) { read_power_cut(table, scenario, problem); });
    read_each(root.tables("storm"),
              [&](const toml::table& table) { read_storm(table, scenario, problem); });
    root.finish();
}

}  // namespace

Result<Scenario> parse_scenario(const std::string& text, const std::string& source_name) {
    Scenario scenario;
    std::optional<Error> problem;
    try {
        const toml::table source = toml::parse(text, source_name);
        read_root(source, scenario, problem);
    } catch (const toml::parse_error& error) {
        const auto position = error.source().begin;
        problem = Error{fmt::format("line {}, column {}: {}", position.line, position.column,
                                    error.description()),
                        {},
                        {}};
    }
    const bool is_privacy = scenario.privacy == "public" || scenario.privacy == "edge-only" ||
                            scenario.privacy == "never";
    const bool is_name =
        !scenario.name.empty() && scenario.name.find_first_of(" \t\r\n") == std::string::npos;
    if (!problem && !is_name) {
        problem = Error{"'name' must be one word: the ledger carries it", {}, {}};
    }
    if (!problem && !is_privacy) {
        problem = Error{"'privacy' must be public, edge-only or never", {}, {}};
    }
    return problem ? Result<Scenario>(fail_with(*problem, source_name)) : scenario;
}

Result<Scenario> load_scenario(const std::filesystem::path& path) {
    const auto text = read_text_file(path);
    if (!text) {
        return tl::unexpected<Error>(text.error());
    }
    return parse_scenario(*text, path.string());
}

Result<std::map<std::string, std::uint32_t>> parse_class_mix(const std::string& text) {
    std::map<std::string, std::uint32_t> mix;
    std::string_view left = text;
    while (!left.empty()) {
        const std::string_view part = left.substr(0, left.find(','));
        left.remove_prefix(std::min(part.size() + 1, left.size()));
        const auto colon = part.find(':');
        std::uint32_t count = 0;
        const std::string name(part.substr(0, colon));
        const std::string_view digits = colon == part.npos ? "" : part.substr(colon + 1);
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), count);
        if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size() ||
            find_device_profile(name) == nullptr || count > kDevicesMax) {
            return fail("'" + std::string(part) + "' is not CLASS:COUNT",
                        "classes are tiny, m4 and esp32", "write for example tiny:16,m4:17");
        }
        mix[name] = count;
    }
    return mix;
}

}  // namespace frugal::swarm
