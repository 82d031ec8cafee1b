// SPDX-License-Identifier: Apache-2.0
// What every part of a world gets: time, the record of the run, the network, the truth and its
// judges. Owned by the world, which outlives all its parts.
#pragma once

#include <array>

#include "simulation/checkers/checker.hpp"
#include "simulation/world/network.hpp"
#include "simulation/world/timeline.hpp"

namespace frugal::simulation {

/// In every input; never to be found at rest.
inline constexpr std::array<std::uint8_t, 12> kCanary = {0xC4, 0x1A, 0x7E, 0x93, 0x5B, 0xE1,
                                                         0x2F, 0xD8, 0x66, 0xB0, 0x0D, 0x39};

struct Context {
    Timeline& timeline;
    Trace& trace;
    const Options& options;
    Network& network;
    Oracle& oracle;
    Checkers& checkers;

    template <typename Call>
    void tell(const Call& call) const {
        for (const auto& checker : checkers) {
            call(*checker);
        }
    }
};

}  // namespace frugal::simulation
