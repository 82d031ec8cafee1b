// SPDX-License-Identifier: Apache-2.0
// A scenario: what a swarm is made of and what befalls it, as read from a TOML file. Plain values;
// every key has a default, an unknown key is an error with its line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "device-sim/radio/loss_model.hpp"
#include "device-sim/support/bytes.hpp"
#include "device-sim/support/result.hpp"

namespace frugal::swarm {

/// Which devices of the fleet an event means, chosen by seed.
struct Selection {
    std::string device_class;  ///< empty: any
    std::uint32_t count = 0;   ///< at most so many; 0: all
};

struct LinkScenario {
    bool simulate_delay = true;
    double delay_scale = 1.0;  ///< of the class's median round trip
    LossParameters loss;
    double duplicate = 0;  ///< share of messages delivered twice
    double reorder = 0;    ///< share of messages that may overtake earlier ones
};

struct PowerCutScenario {
    Selection devices;
    std::string phase = "transfer";       ///< update phase at which the count starts, or "any"
    std::uint32_t flash_operations = 1;   ///< cut at this one after it began
    std::uint32_t random_operations = 0;  ///< plus uniformly 0..this
    std::uint32_t times = 1;              ///< for each device
    std::uint32_t off_ms = 500;           ///< then it boots again
};

struct StormScenario {
    Milliseconds at{10000};
    Milliseconds every{0};   ///< repeated; 0: once
    Milliseconds within{0};  ///< connections are dropped over so long
    bool backs_off = true;   ///< false: every device is back at once
};

enum class Attack { kNone, kBadSignature, kDowngrade, kBadBlock };

struct HostileScenario {
    Attack attack = Attack::kNone;
    Selection devices;
    double probability = 1.0;     ///< of each message it could spoil (bad_block)
    std::string expected_reason;  ///< how the node must refuse
};

struct EndScenario {
    Milliseconds after{0};              ///< 0: no limit
    std::uint64_t decisions_acked = 0;  ///< 0: not a condition; all given conditions must hold
    std::uint32_t confirmed_release = 0;
    std::uint64_t escalations_answered = 0;
    bool attack_refused = false;  ///< every attacked device refused
};

struct Scenario {
    std::string name = "default";
    std::string description;
    std::uint32_t devices = 50;
    std::map<std::string, std::uint32_t> classes;  ///< empty: spread evenly over all
    std::uint64_t seed = 1;
    double decisions_per_second = 1.0;  ///< of each device
    std::uint32_t task = 1;
    std::string privacy = "edge-only";
    std::uint32_t deadline_ms = 2000;
    std::uint32_t decision_sectors = 4;
    bool one_slot = false;       ///< devices overwrite the model they run
    std::string mqtt = "mixed";  ///< "5", "3.1.1", or "mixed": every fourth device 3.1.1
    LinkScenario link;
    std::vector<PowerCutScenario> power_cuts;
    std::vector<StormScenario> storms;
    HostileScenario hostile;
    EndScenario end;
    Milliseconds drain_limit{30000};
};

Result<Scenario> parse_scenario(const std::string& text, const std::string& source_name);
Result<Scenario> load_scenario(const std::filesystem::path& path);

/// From "tiny:16,m4:17,esp32:17".
Result<std::map<std::string, std::uint32_t>> parse_class_mix(const std::string& text);

}  // namespace frugal::swarm
