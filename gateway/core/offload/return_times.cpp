// SPDX-License-Identifier: Apache-2.0
#include "core/offload/return_times.hpp"

#include <algorithm>
#include <bit>

namespace frugal::core {

namespace {

constexpr auto kFadeEvery = std::chrono::seconds(30);
constexpr std::uint16_t kEnoughForLoss = 16;       ///< answers, for a rate of the lost ones
constexpr std::uint32_t kMostLost_permille = 150;  ///< a link that loses more is slow as well
constexpr std::uint32_t kNoise_permille = 250;     ///< and four answers: small counts say little
constexpr std::uint16_t kEnoughLate = 5;

}  // namespace

std::size_t ReturnTimes::index_of(base::Duration slack) {
    const auto whole = std::max<std::int64_t>(0, slack / std::chrono::milliseconds(1));
    return std::min<std::size_t>(std::bit_width(static_cast<std::uint64_t>(whole)), kSlacks - 1);
}

void ReturnTimes::fade(Known& known, base::Instant now) {
    for (int i = 0; i < 8 && now - known.faded_at >= kFadeEvery; ++i) {
        known.faded_at = known.faded_at + kFadeEvery;
        for (auto& seen : known.slacks) {
            seen = {static_cast<std::uint16_t>(seen.late / 2),
                    static_cast<std::uint16_t>(seen.all / 2)};
        }
    }
    if (now - known.faded_at >= kFadeEvery) {
        known = {};  // halved eight times there is nothing left
        known.faded_at = now;
    }
}

void ReturnTimes::add(DeviceNumber device, base::Duration slack, base::Instant now,
                      std::uint16_t late) {
    if (!devices_.contains(device) && devices_.size() >= kMostDevices) {
        return;
    }
    auto& known = devices_.try_emplace(device, Known{{}, now}).first->second;
    fade(known, now);
    auto& seen = known.slacks[index_of(slack)];
    if (seen.all >= kMemory) {
        seen = {static_cast<std::uint16_t>(seen.late / 2), kMemory / 2};
    }
    seen.late = static_cast<std::uint16_t>(seen.late + late);
    ++seen.all;
}

void ReturnTimes::on_late(DeviceNumber device, base::Duration slack, base::Instant now) {
    add(device, slack, now, 1);
}

void ReturnTimes::on_time(DeviceNumber device, base::Duration slack, base::Instant now) {
    add(device, slack, now, 0);
}

// The rate at which answers fail that have all the time they could need.
std::uint32_t ReturnTimes::lost_permille(const Known& known) {
    std::uint32_t least = kMostLost_permille;
    for (const auto& seen : known.slacks) {
        if (seen.all >= kEnoughForLoss) {
            least = std::min(least, std::uint32_t{seen.late} * 1000 / seen.all);
        }
    }
    return least;
}

bool ReturnTimes::is_too_short(const Seen& seen, std::uint32_t lost_permille) {
    return seen.late >= kEnoughLate && std::uint32_t{seen.late} * 1000 >
                                           (seen.all + 4U) * (2 * lost_permille + kNoise_permille);
}

base::Duration ReturnTimes::allowance(DeviceNumber device, base::Instant now) const {
    const auto found = devices_.find(device);
    if (found == devices_.end()) {
        return first_;
    }
    auto known = found->second;
    fade(known, now);
    const auto lost = lost_permille(known);
    for (auto index = kSlacks; index-- > 0;) {
        if (is_too_short(known.slacks[index], lost)) {
            return std::max<base::Duration>(first_, std::chrono::milliseconds(1U << index));
        }
    }
    return first_;
}

}  // namespace frugal::core
