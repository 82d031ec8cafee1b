// SPDX-License-Identifier: Apache-2.0
// One direction of one device's radio: loses, duplicates, delays and lets overtake whole messages,
// by seed. It holds no message: it says when each copy arrives. Owned by the device's link.
#pragma once

#include <vector>

#include "device-sim/device/device_profile.hpp"
#include "device-sim/scenarios/scenario.hpp"
#include "device-sim/support/random.hpp"

namespace frugal::swarm {

class Air {
public:
    Air(const LinkScenario& scenario, const RadioProfile& radio, std::uint64_t seed)
        : scenario_(&scenario), radio_(&radio), loss_(scenario.loss), random_(seed) {}

    /// When the copies of a message sent now arrive: none if it is lost. Without reordering no copy
    /// arrives before an earlier message.
    std::vector<Milliseconds> arrivals(Milliseconds now);

    /// Moving average of this direction's delay.
    double mean_delay_ms() const { return mean_delay_ms_; }

private:
    /// Half a round trip, log-normal.
    Milliseconds draw_delay();
    Milliseconds draw_arrival(Milliseconds now);

    const LinkScenario* scenario_;
    const RadioProfile* radio_;
    LossModel loss_;
    Random random_;
    Milliseconds last_arrival_{0};
    double mean_delay_ms_ = 0;
};

}  // namespace frugal::swarm
