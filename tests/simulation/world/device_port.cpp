// SPDX-License-Identifier: Apache-2.0
// What the node asks of its board, and what it tells the firmware.
#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "frugal/v1/uplink.pb.h"
#include "frugal/wire.h"
#include "simulation/world/device_host.hpp"
#include "simulation/world/signature_cache.hpp"

namespace frugal::simulation {

void DeviceHost::wire_port() {
    port_.context = this;
    port_.flash = flash_.port();
    port_.verify_es256 = [](void* context, const std::uint8_t* key, const std::uint8_t* digest,
                            const std::uint8_t* signature) {
        const auto plant = self(context).context_.options.plant;
        const bool is_blind = plant == Plant::kBlindSignatures || plant == Plant::kAnyPolicy;
        return is_blind || SignatureCache::instance().verify(key, digest, signature);
    };
    port_.random32 = [](void* context) { return self(context).random(); };
    port_.publish = [](void* context, fr_up_kind_t kind, const std::uint8_t* payload,
                       std::size_t size) {
        return self(context).publish(kind, {payload, size});
    };
    flash_.guard = [this](std::uint32_t offset, std::uint32_t size) {
        if (node_.is_booted != 0) {
            context_.tell([&](Checker& checker) { checker.on_flash(view(), offset, size); });
        }
        return std::string();
    };
}

void DeviceHost::wire_callbacks() {
    const auto shared_topic = [](const std::uint8_t* artifact) {
        char topic[FR_TOPIC_SIZE_MAX];
        const auto size = fr_topic_shared_chunk(topic, sizeof topic, kSiteName, artifact);
        return std::string(topic, size);
    };
    static const auto topic_of = shared_topic;
    port_.subscribe_shared = [](void* context, const std::uint8_t* artifact) {
        self(context).context_.network.subscribe(self(context), topic_of(artifact));
    };
    port_.unsubscribe_shared = [](void* context, const std::uint8_t* artifact) {
        self(context).context_.network.unsubscribe(self(context), topic_of(artifact));
    };
    port_.decided = [](void* context, const fr_decision_t* decision) {
        self(context).decided(*decision);
    };
    port_.phase_changed = [](void* context, std::uint32_t, fr_phase_t phase, fr_reason_t reason) {
        self(context).phase_changed(phase, reason);
    };
}

std::uint32_t DeviceHost::random() {
    if (fixed_random_ != 0) {
        --fixed_random_;
        return 0x51AB1E00U + static_cast<std::uint32_t>(plan_.index);
    }
    return static_cast<std::uint32_t>(rng_.next());
}

bool DeviceHost::publish(fr_up_kind_t kind, base::ByteView payload) {
    v1::Escalate escalate;
    if (kind == FR_UP_ESCALATE &&
        escalate.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
        context_.tell([&](Checker& checker) { checker.on_asked(plan_.index, escalate.task()); });
    }
    if (!is_connected_ || flash_.is_cut()) {
        return false;
    }
    char topic[FR_TOPIC_SIZE_MAX];
    const auto size = fr_topic_up(topic, sizeof topic, kSiteName, plan_.name.c_str(), kind);
    context_.network.send_up(
        *this, {std::string(topic, size), base::Bytes(payload.begin(), payload.end())});
    return true;
}

void DeviceHost::decided(const fr_decision_t& decision) {
    if (flash_.is_cut()) {
        return;
    }
    // What a boot makes final lost its deadline with the power.
    if (node_.is_booted != 0) {
        context_.tell([&](Checker& checker) {
            checker.on_decided(plan_.index, decision.sequence, context_.timeline.now());
        });
    }
    auto& told = truth().told[decision.sequence];
    context_.trace.note(fmt::format("{} decided {} class {} tier {} reason {}", plan_.index,
                                    decision.sequence, decision.class_id, decision.tier,
                                    decision.reason));
    if (!told.empty() && !is_cloned_) {
        context_.trace.violate(
            "I2", fmt::format("{}: sequence {} is final twice", plan_.name, decision.sequence));
    }
    told.push_back(decision);
    if (decision.reason == FR_POLICY_BUSY_RETRY) {
        context_.trace.sometimes("BUSY verdict");
    } else if (decision.reason == FR_POLICY_LATE) {
        context_.trace.sometimes("late verdict");
    } else if (decision.tier == FR_TIER_EDGE) {
        context_.trace.sometimes("escalation answered");
    }
}

void DeviceHost::phase_changed(fr_phase_t phase, fr_reason_t reason) {
    if (flash_.is_cut()) {
        return;
    }
    context_.trace.note(fmt::format("{} phase {} reason {}", plan_.index, static_cast<int>(phase),
                                    static_cast<int>(reason)));
    static constexpr std::pair<fr_reason_t, const char*> kMarks[] = {
        {FR_REASON_WATCHDOG, "revert by boot loop"},
        {FR_REASON_SELF_TEST_FAILED, "revert by self-test"},
        {FR_REASON_BAD_SIGNATURE, "refused: bad signature"},
        {FR_REASON_DOWNGRADE, "refused: downgrade"},
        {FR_REASON_BAD_BLOCK, "reverted: bad blocks"},
        {FR_REASON_STORAGE_FAULT, "reverted: storage fault"},
        {FR_REASON_TIMED_OUT, "transfer timed out"},
        {FR_REASON_SUPERSEDED, "superseded"},
        {FR_REASON_QUARANTINED, "release quarantined on the device"}};
    for (const auto& [why, mark] : kMarks) {
        if (reason == why) {
            context_.trace.sometimes(mark);
        }
    }
    if (phase == FR_PHASE_CONFIRMED) {
        context_.trace.sometimes(plan_.has_one_slot ? "confirmed in the only slot" : "confirmed");
    }
    play_planted_bug(phase);
}

void DeviceHost::play_planted_bug(fr_phase_t phase) {
    auto& task = node_.state.tasks[0];
    const auto plant = context_.options.plant;
    const auto slot_offset = [this](int slot) {
        return node_.layout.slots + static_cast<std::uint32_t>(slot) * node_.layout.slot_bytes;
    };
    if (plant == Plant::kEarlyBurn && phase == FR_PHASE_PROBATION) {
        task.burned_counter = node_.tasks[0].loaded.release;
    }
    if (plant == Plant::kEraseConfirmed && phase == FR_PHASE_STAGED && task.confirmed >= 0) {
        const auto flash = flash_.port();
        (void)flash.erase(flash.context, slot_offset(task.confirmed));
    }
    if (plant == Plant::kBrickedSlots && phase == FR_PHASE_CONFIRMED) {
        for (const int slot : {0, 1}) {
            flash_.bytes[slot_offset(slot) + 100] ^= 0x10;
        }
    }
    if (plant == Plant::kBrickedOnlySlot && phase == FR_PHASE_CONFIRMED && plan_.has_one_slot) {
        flash_.bytes[slot_offset(0) + 100] ^= 0x10;
    }
}

bool DeviceHost::play_planted_freeze() {
    const bool waits = std::ranges::any_of(
        node_.escalations, [](const auto& escalation) { return escalation.is_waiting; });
    if (context_.options.plant != Plant::kFreezes || !waits || plan_.index != 0) {
        return false;
    }
    ++life_;
    ++wake_;
    is_alive_ = false;
    context_.network.leave(*this);
    return true;
}

}  // namespace frugal::simulation
