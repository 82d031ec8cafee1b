// SPDX-License-Identifier: Apache-2.0
#include "wire/device_messages_health.hpp"

#include "core/energy.hpp"
#include "frugal/limits.h"
#include "frugal/v1/uplink.pb.h"

namespace frugal::wire {

namespace {

constexpr int kPolicyReasonCountsMax = 16;

core::TaskHealth read(Fields& fields, const v1::TaskHealth& from) {
    if (from.shadow_reasons_size() > kPolicyReasonCountsMax) {
        fields.refuse("tasks.shadow_reasons", "more than 16 entries");
        return {};
    }
    return {.task = fields.range("tasks.task", from.task(), 0U, 255U),
            .policy = from.policy(),
            .shadow = from.shadow(),
            .shadow_reasons = {from.shadow_reasons().begin(), from.shadow_reasons().end()},
            .shadow_differs = from.shadow_differs()};
}

std::vector<core::TaskHealth> read_task_healths(Fields& fields, const v1::Health& from) {
    std::vector<core::TaskHealth> tasks;
    if (from.tasks_size() > static_cast<int>(FR_TASKS_MAX)) {
        fields.refuse("tasks", "more than a device has");
        return tasks;
    }
    for (const auto& task : from.tasks()) {
        if (!tasks.empty() && task.task() <= tasks.back().task) {
            fields.refuse("tasks", "not ascending");
        }
        tasks.push_back(read(fields, task));
    }
    return tasks;
}

std::vector<core::RecentAnswer> read_recent(Fields& fields, const std::string& bytes) {
    std::vector<core::RecentAnswer> recent;
    if (bytes.size() % FR_RECENT_VERDICT_BYTES != 0 ||
        bytes.size() > FR_RECENT_VERDICTS * FR_RECENT_VERDICT_BYTES) {
        fields.refuse("recent", "not at most 8 records of 8 bytes");
        return recent;
    }
    for (std::size_t at = 0; at < bytes.size(); at += FR_RECENT_VERDICT_BYTES) {
        const auto byte = [&](std::size_t offset) {
            return static_cast<std::uint8_t>(bytes[at + offset]);
        };
        recent.push_back({.sequence = static_cast<std::uint16_t>(byte(0) | byte(1) << 8),
                          .outcome = byte(2),
                          .confidence = byte(3),
                          .gain = byte(4),
                          .class_id = byte(5),
                          .price = static_cast<std::uint16_t>(byte(6) | byte(7) << 8)});
    }
    return recent;
}

// Zeros at the end are left out.
std::array<std::uint64_t, core::kEnergyUses> read_sums(
    Fields& fields, std::string_view field,
    const google::protobuf::RepeatedField<std::uint64_t>& from) {
    std::array<std::uint64_t, core::kEnergyUses> sums{};
    if (from.size() > static_cast<int>(sums.size())) {
        fields.refuse(field, "more than 4 entries");
        return sums;
    }
    for (int i = 0; i < from.size(); ++i) {
        sums.at(static_cast<std::size_t>(i)) =
            fields.range<std::uint64_t>(field, from.Get(i), 0, kSequenceMax);
    }
    return sums;
}

core::Health read_health(Fields& fields, const v1::Health& from) {
    return {
        .stream = {from.stream()},
        .boot_epoch = from.boot_epoch(),
        .uptime_ticks = from.uptime_ticks(),
        .battery_half_percent =
            fields.range("battery_half_percent", from.battery_half_percent(), 0U, 200U),
        .resets = from.resets(),
        .dropped = from.dropped(),
        .energy_uj = fields.range<std::uint64_t>("energy_uj", from.energy_uj(), 0, kSequenceMax),
        .energy_avoided_uj = fields.range<std::uint64_t>("energy_avoided_uj",
                                                         from.energy_avoided_uj(), 0, kSequenceMax),
        .raw_bytes_avoided = fields.range<std::uint64_t>("raw_bytes_avoided",
                                                         from.raw_bytes_avoided(), 0, kSequenceMax),
        .inferences = from.inferences(),
        .escalations = from.escalations(),
        .late_verdicts = from.late_verdicts(),
        .busy_verdicts = from.busy_verdicts(),
        .policy_reasons = {from.policy_reasons().begin(), from.policy_reasons().end()},
        .use_uj = read_sums(fields, "use_uj", from.use_uj()),
        .use_bytes = read_sums(fields, "use_bytes", from.use_bytes()),
        .raw_uj = fields.range<std::uint64_t>("raw_uj", from.raw_uj(), 0, kSequenceMax),
        .raw_bytes = fields.range<std::uint64_t>("raw_bytes", from.raw_bytes(), 0, kSequenceMax),
        .tasks = read_task_healths(fields, from),
        .recent = read_recent(fields, from.recent()),
    };
}

}  // namespace

core::Health read(Fields& fields, const v1::Health& from) {
    if (from.policy_reasons_size() > kPolicyReasonCountsMax) {
        fields.refuse("policy_reasons", "more than 16 entries");
        return {};
    }
    auto health = read_health(fields, from);
    if (core::counters_of(health).used_uj() > health.energy_uj) {
        fields.refuse("use_uj", "more than energy_uj in sum");
    }
    return health;
}

}  // namespace frugal::wire
