// SPDX-License-Identifier: Apache-2.0
// Core type -> protobuf for what devices send: one overload per message. The canonical check of
// decoding and the simulated devices use the same code.
#include "frugal/v1/uplink.pb.h"
#include "wire/device_messages.hpp"
#include "wire/protobuf.hpp"

namespace frugal::wire {

namespace {

void put(const core::Capability& from, v1::Capability& to) {
    to.set_device_class(from.device_class.text());
    to.set_runtime_abi(from.runtime_abi);
    to.set_arena_bytes(from.arena_bytes);
    to.set_slot_bytes(from.slot_bytes);
    to.set_staging_bytes(from.staging_bytes);
    to.set_block_bytes(from.block_bytes);
    to.set_decoder_ram_bytes(from.decoder_ram_bytes);
    to.set_decoder_profiles(from.decoder_profiles);
    to.mutable_operators()->Add(from.operators.begin(), from.operators.end());
    to.set_features_bytes_max(from.features_bytes_max);
    to.set_slots(from.slots);
    to.set_reach_bytes(from.reach_bytes);
}

void put(const core::TaskState& from, v1::TaskState& to) {
    to.set_task(from.task);
    to.set_release(from.release);
    if (from.model_digest) {
        set_bytes(*to.mutable_model_digest(), *from.model_digest);
    }
    to.set_phase(static_cast<v1::UpdatePhase>(from.phase));
    to.set_reason(static_cast<v1::Reason>(from.reason));
    to.set_policy(from.policy);
    to.set_burned_counter(from.burned_counter);
    if (from.other_digest) {
        set_bytes(*to.mutable_other_digest(), *from.other_digest);
    }
    to.set_state_bytes(from.state_bytes);
    to.set_input_bytes(from.input_bytes);
    to.set_output_classes(from.output_classes);
    to.set_policy_floor(from.policy_floor);
}

base::Bytes encode(const core::Hello& from) {
    v1::Hello to;
    to.set_protocol(from.protocol);
    to.set_device(from.device);
    to.set_stream(from.stream.value);
    to.set_boot_epoch(from.boot_epoch);
    to.set_next_sequence(from.next_sequence);
    to.set_oldest_sequence(from.oldest_sequence);
    to.set_fencing_epoch(from.fencing_epoch);
    to.set_desired_version(from.desired_version);
    put(from.capability, *to.mutable_capability());
    for (const auto& task : from.tasks) {
        put(task, *to.add_tasks());
    }
    if (from.resume) {
        set_bytes(*to.mutable_resume()->mutable_artifact(), from.resume->artifact);
        to.mutable_resume()->set_blocks_held(from.resume->blocks_held);
    }
    return serialize(to);
}

// One entry stands for all where all are equal.
template <typename Column>
std::size_t canonical_size(const Column& column, std::size_t count) {
    for (std::size_t i = 1; i < count; ++i) {
        if (column(i) != column(0)) {
            return count;
        }
    }
    return count == 0 ? 0 : 1;
}

template <typename Column, typename Add>
void put_column(const Column& column, std::size_t count, const Add& add) {
    const auto size = canonical_size(column, count);
    for (std::size_t i = 0; i < size; ++i) {
        add(column(i));
    }
}

base::Bytes encode(const core::Decisions& from) {
    v1::Decisions to;
    to.set_stream(from.stream.value);
    to.set_boot_epoch(from.boot_epoch);
    to.set_first_sequence(from.first_sequence);
    to.set_task(from.task);
    to.set_release(from.release);
    to.set_start_ticks(from.ticks[0]);
    const std::size_t count = from.count;
    put_column([&](std::size_t i) { return from.ticks[i + 1] - from.ticks[i]; },
               count == 0 ? 0 : count - 1, [&](std::uint32_t v) { to.add_delta_ticks(v); });
    for (std::size_t i = 0; i < count; ++i) {
        to.add_classes(from.classes[i]);
    }
    put_column([&](std::size_t i) { return 255U - from.confidences[i]; }, count,
               [&](std::uint32_t v) { to.add_doubts(v); });
    put_column([&](std::size_t i) { return std::uint32_t{from.outcomes[i]}; }, count,
               [&](std::uint32_t v) { to.add_outcomes(v); });
    to.set_energy_uj(from.energy_uj);
    if (from.dropped_from) {
        to.set_dropped_from(*from.dropped_from);
    }
    return serialize(to);
}

base::Bytes encode(const core::Fetch& from) {
    v1::Fetch to;
    set_bytes(*to.mutable_artifact(), from.artifact);
    to.set_base_block(from.base_block);
    to.set_missing(from.missing);
    to.set_credit(from.credit);
    return serialize(to);
}

base::Bytes encode(const core::Report& from) {
    v1::Report to;
    to.set_task(from.task);
    to.set_desired_version(from.desired_version);
    to.set_release(from.release);
    to.set_phase(static_cast<v1::UpdatePhase>(from.phase));
    to.set_reason(static_cast<v1::Reason>(from.reason));
    to.set_attempt(from.attempt);
    to.set_blocks_held(from.blocks_held);
    to.set_detail(from.detail);
    return serialize(to);
}

base::Bytes encode(const core::Escalate& from) {
    v1::Escalate to;
    to.set_stream(from.stream.value);
    to.set_sequence(from.sequence);
    to.set_task(from.task);
    to.set_deadline_ms(from.deadline_ms);
    to.set_release(from.release);
    to.set_local_class(from.local_class);
    to.set_local_confidence(from.local_confidence);
    to.set_policy_reason(static_cast<std::uint32_t>(from.policy_reason));
    to.set_may_go_on(from.may_go_on);
    set_bytes(*to.mutable_features(), from.features.view());
    auto result = serialize(to);
    wipe(*to.mutable_features());
    return result;
}

// Zeros at the end are left out.
void put_sums(const std::array<std::uint64_t, core::kEnergyUses>& from,
              google::protobuf::RepeatedField<std::uint64_t>& to) {
    auto end = from.end();
    while (end != from.begin() && *(end - 1) == 0) {
        --end;
    }
    to.Add(from.begin(), end);
}

void put(const core::TaskHealth& from, v1::TaskHealth& to) {
    to.set_task(from.task);
    to.set_policy(from.policy);
    to.set_shadow(from.shadow);
    to.mutable_shadow_reasons()->Add(from.shadow_reasons.begin(), from.shadow_reasons.end());
    to.set_shadow_differs(from.shadow_differs);
}

void append(const core::RecentAnswer& from, std::string& to) {
    for (const int byte :
         {from.sequence & 0xFF, from.sequence >> 8, int{from.outcome}, int{from.confidence},
          int{from.gain}, int{from.class_id}, from.price & 0xFF, from.price >> 8}) {
        to.push_back(static_cast<char>(byte));
    }
}

base::Bytes encode(const core::Health& from) {
    v1::Health to;
    to.set_stream(from.stream.value);
    to.set_boot_epoch(from.boot_epoch);
    to.set_uptime_ticks(from.uptime_ticks);
    to.set_battery_half_percent(from.battery_half_percent);
    to.set_resets(from.resets);
    to.set_dropped(from.dropped);
    to.set_energy_uj(from.energy_uj);
    to.set_energy_avoided_uj(from.energy_avoided_uj);
    to.set_raw_bytes_avoided(from.raw_bytes_avoided);
    to.set_inferences(from.inferences);
    to.set_escalations(from.escalations);
    to.set_late_verdicts(from.late_verdicts);
    to.set_busy_verdicts(from.busy_verdicts);
    to.mutable_policy_reasons()->Add(from.policy_reasons.begin(), from.policy_reasons.end());
    put_sums(from.use_uj, *to.mutable_use_uj());
    put_sums(from.use_bytes, *to.mutable_use_bytes());
    to.set_raw_uj(from.raw_uj);
    to.set_raw_bytes(from.raw_bytes);
    for (const auto& task : from.tasks) {
        put(task, *to.add_tasks());
    }
    for (const auto& answer : from.recent) {
        append(answer, *to.mutable_recent());
    }
    return serialize(to);
}

base::Bytes encode(const core::Bye& from) {
    v1::Bye to;
    to.set_stream(from.stream.value);
    to.set_next_wake_s(from.next_wake_s);
    to.set_unexpected(from.unexpected);
    return serialize(to);
}

}  // namespace

core::UpKind kind_of(const core::UpMessage& message) {
    return static_cast<core::UpKind>(message.index());
}

base::Bytes encode_up(const core::UpMessage& message) {
    return std::visit([](const auto& alternative) { return encode(alternative); }, message);
}

}  // namespace frugal::wire
