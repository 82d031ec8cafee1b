// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/compiled_table.hpp"

#include <algorithm>

namespace frugal::policy {

namespace {

// Places in a task's 16 bytes and in the header, as frugal/policy.h lays them out.
constexpr std::size_t kHeaderTasks = 3;
constexpr std::size_t kHeaderGuards = 4;
constexpr std::size_t kTaskGroups = 1;
constexpr std::size_t kTaskAudit = 11;
constexpr std::size_t kTaskMap = 13;
constexpr std::size_t kTaskModel = 14;
constexpr std::int16_t kNominalRtt_ms = 16;
constexpr std::int16_t kFullBattery = 200;

struct Place {
    std::size_t task = 0;
    std::size_t tables = 0;
    std::size_t groups = 1;

    std::size_t map() const { return task + FR_POLICY_TASK_BYTES; }
    std::size_t end() const { return tables + groups * kBins; }
};

auto at(base::ByteView bytes, std::size_t offset) {
    return bytes.begin() + static_cast<std::ptrdiff_t>(offset);
}

/// Map and tables as they lie behind a task's head.
base::Bytes body_of(const LearnablePart& part) {
    base::Bytes body(part.map_bytes);
    for (std::size_t i = 0; i < 4 * std::size_t{part.map_bytes}; ++i) {
        body[i / 4] = static_cast<std::uint8_t>(body[i / 4] | part.classes[i] << (2 * (i % 4)));
    }
    for (std::size_t group = 0; group < part.groups; ++group) {
        body.insert(body.end(), part.tables[group].begin(), part.tables[group].end());
    }
    return body;
}

std::optional<Place> find(base::ByteView compiled, std::uint32_t task) {
    if (fr_policy_check(compiled.data(), compiled.size()) != FR_OK) {
        return std::nullopt;
    }
    std::size_t next = FR_POLICY_HEADER_BYTES + FR_POLICY_GUARD_BYTES * compiled[kHeaderGuards];
    for (std::uint32_t i = 0; i < compiled[kHeaderTasks]; ++i) {
        const Place place{next, next + FR_POLICY_TASK_BYTES + compiled[next + kTaskMap],
                          compiled[next + kTaskGroups] & 7u};
        if (compiled[next] == task) {
            return place;
        }
        next = place.end();
    }
    return std::nullopt;
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
    part.has_pins = (compiled[place->task + kTaskGroups] & FR_POLICY_PINS) != 0;
    part.map_bytes = compiled[place->task + kTaskMap];
    for (std::size_t i = 0; i < 4 * std::size_t{part.map_bytes}; ++i) {
        part.classes[i] = compiled[place->map() + i / 4] >> (2 * (i % 4)) & 3u;
    }
    for (std::size_t group = 0; group < place->groups; ++group) {
        std::copy_n(at(compiled, place->tables + group * kBins), kBins, part.tables[group].begin());
    }
    return part;
}

LearnablePart part_within(LearnablePart layout, const TableBytes& learned,
                          const GroupBounds& bounds, std::uint8_t audit_q8) {
    layout.audit_q8 = audit_q8;
    for (std::size_t group = 0; group < layout.groups; ++group) {
        layout.tables[group] = bounded(learned, bounds[group]);
    }
    return layout;
}

base::Bytes with_policy_id(base::Bytes compiled, std::uint32_t id) {
    for (std::size_t i = 0; i < FR_POLICY_ID_BYTES && FR_POLICY_ID_OFFSET + i < compiled.size();
         ++i) {
        compiled[FR_POLICY_ID_OFFSET + i] = static_cast<std::uint8_t>(id >> (8 * i));
    }
    return compiled;
}

base::Bytes bound_to(base::Bytes compiled, std::uint32_t task, const base::Digest& model) {
    if (const auto place = find(compiled, task)) {
        const auto tag = fr_policy_model_tag(model.data());
        compiled[place->task + kTaskModel] = static_cast<std::uint8_t>(tag);
        compiled[place->task + kTaskModel + 1] = static_cast<std::uint8_t>(tag >> 8);
    }
    return compiled;
}

std::optional<base::Bytes> with_learned(base::ByteView compiled, std::uint32_t task,
                                        std::uint32_t policy_id, const LearnablePart& part) {
    const auto place = find(compiled, task);
    if (!place) {
        return std::nullopt;
    }
    auto policy =
        with_policy_id(base::Bytes(compiled.begin(), at(compiled, place->map())), policy_id);
    policy[place->task + kTaskAudit] = part.audit_q8;
    policy[place->task + kTaskMap] = part.map_bytes;
    policy[place->task + kTaskGroups] =
        static_cast<std::uint8_t>(part.groups | (part.has_pins ? FR_POLICY_PINS : 0u));
    const base::Bytes body = body_of(part);
    policy.insert(policy.end(), body.begin(), body.end());
    policy.insert(policy.end(), at(compiled, place->end()), compiled.end());
    const bool is_sound = fr_policy_check(policy.data(), policy.size()) == FR_OK;
    return is_sound ? std::optional(std::move(policy)) : std::nullopt;
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
