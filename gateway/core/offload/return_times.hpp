// SPDX-License-Identifier: Apache-2.0
// How much time an answer needs back to a device. All that is known is whether an answer that was
// sent with so much time left came in time; one that did not was too late or got lost. Lost answers
// are lost with any slack, late ones only below the time the way takes: so the allowance ends where
// more slack does not help. Each device by itself, so that a bad link, or a liar, is its own
// affair. What was long ago fades. Owned by the desk.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "base/time.hpp"
#include "core/numbers.hpp"

namespace frugal::core {

class ReturnTimes {
public:
    /// first: kept back before anything is known, and at least.
    explicit ReturnTimes(base::Duration first) : first_(first) {}

    base::Duration allowance(DeviceNumber device, base::Instant now) const;

    /// An answer sent with `slack` left was told to have missed its deadline.
    void on_late(DeviceNumber device, base::Duration slack, base::Instant now);
    void on_time(DeviceNumber device, base::Duration slack, base::Instant now);
    void forget(DeviceNumber device) { devices_.erase(device); }

private:
    static constexpr std::size_t kSlacks = 10;  ///< below 1, 2, 4, ... 256 ms, and above
    static constexpr std::size_t kMostDevices = 8192;
    static constexpr std::uint16_t kMemory = 64;  ///< answers of one slack

    struct Seen {
        std::uint16_t late = 0;
        std::uint16_t all = 0;
    };
    struct Known {
        std::array<Seen, kSlacks> slacks{};
        base::Instant faded_at{};
    };

    static std::size_t index_of(base::Duration slack);
    static void fade(Known& known, base::Instant now);
    static bool is_too_short(const Seen& seen, std::uint32_t lost_permille);
    static std::uint32_t lost_permille(const Known& known);
    void add(DeviceNumber device, base::Duration slack, base::Instant now, std::uint16_t late);

    base::Duration first_;
    std::map<DeviceNumber, Known> devices_;
};

}  // namespace frugal::core
