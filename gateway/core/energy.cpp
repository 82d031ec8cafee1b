// SPDX-License-Identifier: Apache-2.0
#include "core/energy.hpp"

#include <algorithm>
#include <numeric>

namespace frugal::core {

namespace {

constexpr std::array kNumbers = {
    &EnergyCounters::other_uj,   &EnergyCounters::raw_uj,        &EnergyCounters::raw_bytes,
    &EnergyCounters::avoided_uj, &EnergyCounters::avoided_bytes, &EnergyCounters::inferences,
};

template <typename Combine>
EnergyCounters combined(const EnergyCounters& left, const EnergyCounters& right, Combine combine) {
    EnergyCounters result;
    for (std::size_t use = 0; use < kEnergyUses; ++use) {
        result.use_uj[use] = combine(left.use_uj[use], right.use_uj[use]);
        result.use_bytes[use] = combine(left.use_bytes[use], right.use_bytes[use]);
    }
    for (const auto number : kNumbers) {
        result.*number = combine(left.*number, right.*number);
    }
    return result;
}

template <typename Numbers>
std::uint64_t total(const Numbers& numbers) {
    return std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
}

}  // namespace

std::string_view to_string(EnergyUse use) {
    switch (use) {
        case EnergyUse::kInference:
            return "inference";
        case EnergyUse::kDecisions:
            return "decisions";
        case EnergyUse::kUpdates:
            return "updates";
        case EnergyUse::kEscalations:
            return "escalations";
    }
    return "other";
}

std::uint64_t EnergyCounters::used_uj() const {
    return total(use_uj);
}
std::uint64_t EnergyCounters::used_bytes() const {
    return total(use_bytes);
}

EnergyCounters counters_of(const Health& health) {
    EnergyCounters counters;
    counters.use_uj = health.use_uj;
    counters.use_bytes = health.use_bytes;
    const auto used_uj = counters.used_uj();
    counters.other_uj = health.energy_uj > used_uj ? health.energy_uj - used_uj : 0;
    counters.raw_uj = health.raw_uj;
    counters.raw_bytes = health.raw_bytes;
    counters.avoided_uj = health.energy_avoided_uj;
    counters.avoided_bytes = health.raw_bytes_avoided;
    counters.inferences = health.inferences;
    return counters;
}

EnergyCounters sum_of(const EnergyCounters& left, const EnergyCounters& right) {
    return combined(left, right, [](std::uint64_t a, std::uint64_t b) {
        return a >= kEnergySumMax - std::min(b, kEnergySumMax) ? kEnergySumMax : a + b;
    });
}

EnergyCounters latest_of(const EnergyCounters& left, const EnergyCounters& right) {
    return combined(left, right, [](std::uint64_t a, std::uint64_t b) { return std::max(a, b); });
}

}  // namespace frugal::core
