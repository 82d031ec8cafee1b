// SPDX-License-Identifier: Apache-2.0
// What devices spend their energy and radio bytes on, and what sending every raw input would have
// cost instead. All of it is the devices' own account, metered or estimated there. Plain values,
// any thread; sums stop at kEnergySumMax instead of overflowing.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/ids.hpp"
#include "core/message.hpp"
#include "core/numbers.hpp"

namespace frugal::core {

/// frugal.h: fr_use_t. What goes to nothing listed is not a use: see EnergyCounters::other_uj.
enum class EnergyUse : std::uint8_t { kInference, kDecisions, kUpdates, kEscalations };
std::string_view to_string(EnergyUse use);  ///< "inference"

inline constexpr std::uint64_t kEnergySumMax = (1ULL << 53) - 1;  ///< exact in JSON and SQL

struct EnergyCounters {
    std::array<std::uint64_t, kEnergyUses> use_uj{};     ///< by EnergyUse
    std::array<std::uint64_t, kEnergyUses> use_bytes{};  ///< payload bytes on the radio, both ways
    std::uint64_t other_uj = 0;                          ///< sessions, sleep, sensors: not ours
    std::uint64_t raw_uj = 0;      ///< radio energy of sending every input instead
    std::uint64_t raw_bytes = 0;   ///< bytes of every input
    std::uint64_t avoided_uj = 0;  ///< of raw_uj: inputs that stayed on the device
    std::uint64_t avoided_bytes = 0;
    std::uint64_t inferences = 0;

    /// Of the uses; other_uj would be there in the other world too.
    std::uint64_t used_uj() const;
    std::uint64_t used_bytes() const;
    bool operator==(const EnergyCounters&) const = default;
};

EnergyCounters counters_of(const Health& health);
EnergyCounters sum_of(const EnergyCounters& left, const EnergyCounters& right);
/// The larger of each: counters of one boot never go back.
EnergyCounters latest_of(const EnergyCounters& left, const EnergyCounters& right);

/// One device's account: boots that are over, and the one that runs.
struct EnergyRecord {
    DeviceNumber device{};
    base::StreamId stream{};  ///< of the boot that runs
    std::uint32_t boot_epoch = 0;
    EnergyCounters finished{};
    EnergyCounters current{};
    bool operator==(const EnergyRecord&) const = default;
};

}  // namespace frugal::core
