// SPDX-License-Identifier: Apache-2.0
// Power, wear and theft of a device; and what it does when somebody else has taken it over.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "frugal/wire.h"
#include "simulation/world/device_host.hpp"

namespace frugal::simulation {

using std::chrono::milliseconds;

void DeviceHost::power_on() {
    if (is_retired_) {
        return;
    }
    ++life_;
    flash_.power_on();
    if (context_.options.plant == Plant::kForgetfulStaging) {
        const auto begin = flash_.bytes.begin() + node_.layout.journal;
        std::fill(begin, begin + node_.layout.journal_bytes, std::uint8_t{0xFF});
    }
    boot_at_ = context_.timeline.now();
    is_connected_ = false;
    is_alive_ = true;
    const auto status = fr_node_boot(&node_, &config_, &port_, now_ms());
    if (context_.options.plant == Plant::kForgetsFloor) {
        node_.state.tasks[0].policy_floor = 0;
    }
    context_.trace.note(fmt::format("{} boots epoch {} next {} release {}", plan_.index,
                                    node_.state.boot_epoch, node_.decisions.next_sequence,
                                    node_.tasks[0].loaded.release));
    if (flash_.is_cut()) {
        die();
        return;
    }
    context_.tell([&](Checker& checker) { checker.on_boot(view(), status); });
    if (status != FR_OK) {
        is_alive_ = false;
        return;
    }
    if (was_reset_ && node_.staging.open != 0 && fr_staging_blocks_held(&node_.staging) > 0 &&
        !fr_staging_is_complete(&node_.staging)) {
        context_.trace.sometimes("transfer resumed after a reboot");
        if (fr_staging_blocks_held(&node_.staging) + 1 == node_.staging.block_count) {
            context_.trace.sometimes("transfer resumed at the last block");
        }
    }
    acked_before_ = 0;
    after_call();
    connect_after(milliseconds(200 + rng_.below(1500)));
    plan_sample();
}

void DeviceHost::power_off() {
    is_alive_ = false;
    is_connected_ = false;
    ++life_;
    ++wake_;
    context_.network.leave(*this);
    context_.tell([this](Checker& checker) { checker.on_power_off(plan_.index); });
}

// The power went in the middle of a call: nothing after that moment happened.
void DeviceHost::die() {
    context_.trace.note(fmt::format("{} power cut", plan_.index));
    context_.trace.fault("power cut at a flash operation");
    was_reset_ = true;
    power_off();
    context_.timeline.after(milliseconds(500 + rng_.below(5000)), [this, life = life_] {
        if (life == life_) {
            power_on();
        }
    });
}

void DeviceHost::reset() {
    if (is_alive_) {
        was_reset_ = true;
        power_off();
        power_on();
    }
}

void DeviceHost::cut_power_after(std::uint64_t operations, test::Tear tear) {
    flash_.cut_at(flash_.operations() + operations, tear);
}

void DeviceHost::wipe() {
    if (!is_alive_) {
        return;
    }
    truth().is_gone = true;
    power_off();
    std::fill(flash_.bytes.begin(), flash_.bytes.end(), std::uint8_t{0xFF});
    context_.tell([&](Checker& checker) { checker.on_wiped(plan_.index); });
    fixed_random_ = context_.options.plant == Plant::kSameStream ? 2 : 0;
    power_on();
}

void DeviceHost::retire() {
    is_retired_ = true;
    power_off();
}

void DeviceHost::mark_cloned() {
    is_cloned_ = true;
    if (node_.is_booted != 0) {
        truth().is_cloned = true;
    }
}

void DeviceHost::become_clone_of(DeviceHost& other) {
    flash_.bytes = other.flash_.bytes;
    other.mark_cloned();
    is_cloned_ = true;
}

void DeviceHost::send_garbage(base::Rng& rng) {
    char topic[FR_TOPIC_SIZE_MAX];
    const auto kind = static_cast<fr_up_kind_t>(rng.below(FR_UP_KINDS));
    const auto size = fr_topic_up(topic, sizeof topic, kSiteName, plan_.name.c_str(), kind);
    base::Bytes payload(rng.below(200));
    for (auto& byte : payload) {
        byte = static_cast<std::uint8_t>(rng.next());
    }
    context_.network.send_up(*this, {std::string(topic, size), std::move(payload)});
}

void DeviceHost::claim_to_be(const std::string& other) {
    // Its own topic, another's name in the hello; and another's topic, which the broker stops.
    fr_node_config_t forged = config_;
    forged.device = other.c_str();
    node_.config = &forged;
    fr_node_on_connected(&node_, now_ms());
    node_.config = &config_;
    char topic[FR_TOPIC_SIZE_MAX];
    const auto size = fr_topic_up(topic, sizeof topic, kSiteName, other.c_str(), FR_UP_BYE);
    context_.network.send_up(*this, {std::string(topic, size), {}});
    after_call();
}

}  // namespace frugal::simulation
