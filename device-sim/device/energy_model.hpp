// SPDX-License-Identifier: Apache-2.0
// What one device spends: computing, talking, connecting, sleeping, off one battery. Each device
// draws its own constants within 10 % of its class's, by seed. Owned by its device. All results
// are simulated: they rest on the sources of frugal/energy.h, not on a meter.
#pragma once

#include "device-sim/device/device_profile.hpp"
#include "device-sim/device/flash_memory.hpp"
#include "device-sim/support/bytes.hpp"
#include "device-sim/support/random.hpp"

namespace frugal::swarm {

class EnergyModel {
public:
    EnergyModel(const DeviceProfile& profile, std::uint64_t seed);

    /// Energy of one inference of so many multiply-accumulates; it leaves the battery.
    double spend_inference_uj(std::uint64_t multiply_accumulates);
    Microseconds inference_time(std::uint64_t multiply_accumulates) const;

    /// A message of so many bytes on the air, either way. Messages within the radio's awake time
    /// share one event.
    double spend_message_uj(std::size_t bytes, Milliseconds now);
    double spend_handshake_uj(bool is_resumed);
    double spend_flash_uj(const FlashWear& wear);
    void sleep_until(Milliseconds now);

    /// What sending the input instead of deciding would have cost on the radio.
    double upload_uj(std::size_t bytes) const;

    double spent_uj() const { return spent_uj_; }
    double radio_uj() const { return radio_uj_; }
    double inference_uj() const { return inference_uj_; }
    std::uint8_t battery_half_percent() const;

private:
    double spend(double energy_uj, double& account);

    const DeviceProfile* profile_;
    double pj_per_mac_;
    double inference_base_uj_;
    double ns_per_mac_;
    double battery_uj_;  ///< left
    double spent_uj_ = 0;
    double radio_uj_ = 0;
    double inference_uj_ = 0;
    double flash_uj_ = 0;
    double other_uj_ = 0;
    Milliseconds radio_awake_until_{-1};
    Milliseconds slept_until_{0};
};

}  // namespace frugal::swarm
