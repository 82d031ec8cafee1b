// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/compiled_table.hpp"

#include <algorithm>

namespace frugal::policy {

namespace {

// Places in a task's 14 bytes and in the header, as frugal/policy.h lays them out.
constexpr std::size_t kHeaderTasks = 3;
constexpr std::size_t kHeaderGuards = 4;
constexpr std::size_t kHeaderId = 6;
constexpr std::size_t kTaskGroups = 1;
constexpr std::size_t kTaskAudit = 11;
constexpr std::size_t kTaskMap = 13;
constexpr std::int16_t kNominalRtt_ms = 16;
constexpr std::int16_t kFullBattery = 200;

struct Place {
    std::size_t task = 0;
    std::size_t tables = 0;
    std::size_t groups = 1;
};

std::optional<Place> find(base::ByteView compiled, std::uint32_t task) {
    if (fr_policy_check(compiled.data(), compiled.size()) != FR_OK) {
        return std::nullopt;
    }
    std::size_t at = FR_POLICY_HEADER_BYTES + FR_POLICY_GUARD_BYTES * compiled[kHeaderGuards];
    for (std::uint32_t i = 0; i < compiled[kHeaderTasks]; ++i) {
        const Place place{at, at + FR_POLICY_TASK_BYTES + compiled[at + kTaskMap],
                          compiled[at + kTaskGroups] & 7u};
        if (compiled[at] == task) {
            return place;
        }
        at = place.tables + place.groups * FR_POLICY_TABLE_BYTES;
    }
    return std::nullopt;
}

std::ptrdiff_t table_at(const Place& place, std::size_t group) {
    return static_cast<std::ptrdiff_t>(place.tables + group * kBins);
}

}  // namespace

std::optional<LearnablePart> learnable_part(base::ByteView compiled, std::uint32_t task) {
    const auto place = find(compiled, task);
    if (!place) {
        return std::nullopt;
    }
    LearnablePart part;
    part.audit_q8 = compiled[place->task + kTaskAudit];
    part.groups = static_cast<std::uint8_t>(place->groups);
    for (std::size_t group = 0; group < place->groups; ++group) {
        std::copy_n(compiled.begin() + table_at(*place, group), kBins, part.tables[group].begin());
    }
    return part;
}

LearnablePart part_within(const TableBytes& learned, const GroupBounds& bounds, std::uint8_t groups,
                          std::uint8_t audit_q8) {
    LearnablePart part;
    part.audit_q8 = audit_q8;
    part.groups = groups;
    for (std::size_t group = 0; group < groups; ++group) {
        part.tables[group] = bounded(learned, bounds[group]);
    }
    return part;
}

std::optional<base::Bytes> with_learned(base::ByteView compiled, std::uint32_t task,
                                        std::uint32_t policy_id, const LearnablePart& part) {
    const auto place = find(compiled, task);
    if (!place) {
        return std::nullopt;
    }
    base::Bytes policy(compiled.begin(), compiled.end());
    for (std::size_t i = 0; i < 4; ++i) {
        policy[kHeaderId + i] = static_cast<std::uint8_t>(policy_id >> (8 * i));
    }
    policy[place->task + kTaskAudit] = part.audit_q8;
    for (std::size_t group = 0; group < place->groups; ++group) {
        std::copy(part.tables[group].begin(), part.tables[group].end(),
                  policy.begin() + table_at(*place, group));
    }
    return policy;
}

std::optional<double> nominal_price(base::ByteView compiled, std::uint32_t task,
                                    std::uint32_t payload_bytes) {
    if (!find(compiled, task)) {
        return std::nullopt;
    }
    fr_policy_context_t context{};
    context.fields[FR_FIELD_TASK] = static_cast<std::int16_t>(task);
    context.fields[FR_FIELD_BATTERY] = kFullBattery;
    context.fields[FR_FIELD_RTT] = kNominalRtt_ms;
    context.fields[FR_FIELD_PAYLOAD] =
        static_cast<std::int16_t>(std::min(payload_bytes / 16, 32767u));
    context.fields[FR_FIELD_TOKENS] = INT16_MAX;
    context.fields[FR_FIELD_SLACK] = INT16_MAX;
    context.fields[FR_FIELD_LINK] = 1;
    context.fields[FR_FIELD_CLASS] = INT16_MAX;  // beyond any map: decided by gain
    context.random = UINT32_MAX;
    fr_policy_answer_t answer{};
    fr_policy_evaluate(compiled.data(), compiled.size(), &context, &answer);
    return answer.price / 256.0;
}

}  // namespace frugal::policy
