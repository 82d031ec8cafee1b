// SPDX-License-Identifier: Apache-2.0
#include "core/offload/load_meter.hpp"

#include <algorithm>

namespace frugal::core {

namespace {

constexpr auto kFadeEvery = std::chrono::milliseconds(100);
constexpr auto kFadeIdle = std::chrono::seconds(1);  ///< while nothing starts

std::uint8_t q8(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? LoadMeter::kStop
                      : static_cast<std::uint8_t>(std::min<std::uint64_t>(255, part * 255 / whole));
}

}  // namespace

void LoadMeter::fade(base::Instant now, base::Duration every) {
    if (!faded_at_) {
        faded_at_ = now;
    } else if (now - *faded_at_ >= every) {
        sojourns_.fade();
        faded_at_ = now;
    }
}

void LoadMeter::on_time(base::Instant now) {
    fade(now, kFadeIdle);
}

void LoadMeter::on_start(base::Instant now, base::Duration sojourn) {
    fade(now, kFadeEvery);
    sojourns_.add(sojourn);
}

std::uint8_t LoadMeter::load(std::uint64_t queued, std::uint64_t queue_limit, std::uint64_t bytes,
                             std::uint64_t bytes_limit) const {
    const auto full = std::max(q8(queued, queue_limit), q8(bytes, bytes_limit));
    const auto late = q8(static_cast<std::uint64_t>(sojourn_p95().count()),
                         static_cast<std::uint64_t>(target_.count()) * 2);
    // Slow or warm is expensive, but only full is a reason to send nothing.
    const auto busy =
        std::min<std::uint8_t>(kStop - 1, std::max({late, host_.cpu, host_.throttle}));
    return std::max(full, busy);
}

std::uint8_t LoadMeter::price_of(std::uint8_t load) {
    return load < 128 ? 0 : static_cast<std::uint8_t>((load - 128) * 2 + 1);
}

}  // namespace frugal::core
