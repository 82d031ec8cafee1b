// SPDX-License-Identifier: Apache-2.0
#include "device-sim/radio/air.hpp"

#include <algorithm>
#include <cmath>

namespace frugal::swarm {

std::vector<Milliseconds> Air::arrivals(Milliseconds now) {
    if (loss_.loses(random_)) {
        return {};
    }
    std::vector<Milliseconds> times = {draw_arrival(now)};
    if (scenario_->duplicate > 0 && random_.chance(scenario_->duplicate)) {
        times.push_back(draw_arrival(now));
    }
    return times;
}

Milliseconds Air::draw_delay() {
    if (!scenario_->simulate_delay) {
        return Milliseconds{0};
    }
    const double rtt_ms = radio_->rtt_median_ms * std::exp(radio_->rtt_sigma * random_.normal());
    const double delay_ms = rtt_ms / 2 * scenario_->delay_scale;
    mean_delay_ms_ += (delay_ms - mean_delay_ms_) / 8;  // as TCP smooths its round trip
    return Milliseconds{std::llround(delay_ms)};
}

Milliseconds Air::draw_arrival(Milliseconds now) {
    const Milliseconds arrival = now + draw_delay();
    if (scenario_->reorder > 0 && random_.chance(scenario_->reorder)) {
        return arrival + draw_delay();  // overtaken by what follows
    }
    last_arrival_ = std::max(last_arrival_, arrival);
    return last_arrival_;
}

}  // namespace frugal::swarm
