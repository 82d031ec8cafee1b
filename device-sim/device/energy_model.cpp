// SPDX-License-Identifier: Apache-2.0
#include "device-sim/device/energy_model.hpp"

#include <algorithm>

namespace frugal::swarm {
namespace {

constexpr double kMicrojoulesPerWattHour = 3.6e9;
constexpr Milliseconds kRadioAwake{15};
constexpr double kFullHalfPercent = 200;

/// Within 10 % of the class's constant.
double draw(Random& random, double value) {
    return value * (0.9 + 0.2 * random.uniform());
}

}  // namespace

EnergyModel::EnergyModel(const DeviceProfile& profile, std::uint64_t seed) : profile_(&profile) {
    Random random(seed);
    pj_per_mac_ = draw(random, profile.pj_per_mac);
    inference_base_uj_ = profile.inference_uj * pj_per_mac_ / profile.pj_per_mac;
    ns_per_mac_ = draw(random, profile.ns_per_mac);
    const double charge = 0.6 + 0.4 * random.uniform();
    battery_uj_ = charge * profile.battery_wh * kMicrojoulesPerWattHour;
}

double EnergyModel::spend(double energy_uj, double& account) {
    account += energy_uj;
    spent_uj_ += energy_uj;
    battery_uj_ = std::max(0.0, battery_uj_ - energy_uj);
    return energy_uj;
}

double EnergyModel::spend_inference_uj(std::uint64_t multiply_accumulates) {
    const double work_uj = static_cast<double>(multiply_accumulates) * pj_per_mac_ * 1e-6;
    return spend(inference_base_uj_ + work_uj, inference_uj_);
}

Microseconds EnergyModel::inference_time(std::uint64_t multiply_accumulates) const {
    const double time_us = static_cast<double>(multiply_accumulates) * ns_per_mac_ * 1e-3;
    return Microseconds{static_cast<std::int64_t>(time_us)};
}

double EnergyModel::spend_message_uj(std::size_t bytes, Milliseconds now) {
    const bool is_awake = now <= radio_awake_until_;
    radio_awake_until_ = now + kRadioAwake;
    const double event_uj = is_awake ? 0 : profile_->radio.event_uj;
    return spend(event_uj + static_cast<double>(bytes) * profile_->radio.byte_uj, radio_uj_);
}

double EnergyModel::spend_flash_uj(const FlashWear& wear) {
    return spend(static_cast<double>(wear.erased_bytes) * profile_->radio.erase_byte_uj +
                     static_cast<double>(wear.programmed_bytes) * profile_->radio.program_byte_uj,
                 flash_uj_);
}

double EnergyModel::spend_handshake_uj(bool is_resumed) {
    return spend(is_resumed ? profile_->radio.resumption_uj : profile_->radio.handshake_uj,
                 radio_uj_);
}

void EnergyModel::sleep_until(Milliseconds now) {
    if (now > slept_until_) {
        const auto slept_ms = static_cast<double>((now - slept_until_).count());
        spend(slept_ms * 1e-3 * profile_->sleep_uw, other_uj_);
        slept_until_ = now;
    }
}

double EnergyModel::upload_uj(std::size_t bytes) const {
    return profile_->radio.event_uj + static_cast<double>(bytes) * profile_->radio.byte_uj;
}

std::uint8_t EnergyModel::battery_half_percent() const {
    const double full_uj = profile_->battery_wh * kMicrojoulesPerWattHour;
    return static_cast<std::uint8_t>(std::clamp(battery_uj_ / full_uj, 0.0, 1.0) *
                                     kFullHalfPercent);
}

}  // namespace frugal::swarm
