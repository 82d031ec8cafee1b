// SPDX-License-Identifier: Apache-2.0
#include "policy/author/compiled_policy.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "policy/author/earlier_form.hpp"
#include "policy/author/field_names.hpp"

namespace frugal::policy {

namespace {

std::uint32_t read16(base::ByteView bytes, std::size_t at) {
    return static_cast<std::uint32_t>(bytes[at] | bytes[at + 1] << 8);
}

/// Reads one task at `at`, which moves behind it. The bytes passed the check.
CompiledTask read_task(base::ByteView bytes, std::size_t& at) {
    const auto head = bytes.subspan(at, FR_POLICY_TASK_BYTES);
    CompiledTask task{.task = head[0],
                      .privacy = head[2],
                      .tier = head[3],
                      .deadline_ms = read16(head, 4) * FR_POLICY_DEADLINE_UNIT_MS,
                      .weights = {head[6], head[7], head[8], head[9]},
                      .shift = head[10],
                      .audit = head[11],
                      .cap_per_hour = head[12] * FR_POLICY_CAP_UNIT,
                      .has_pins = (head[1] & FR_POLICY_PINS) != 0,
                      .model = read16(head, 14)};
    const std::size_t map_bytes = head[13];
    const std::size_t table_count = head[1] & 7U;
    at += FR_POLICY_TASK_BYTES;
    for (std::size_t i = 0; i < 4 * map_bytes; ++i) {
        task.groups.push_back(static_cast<std::uint8_t>(bytes[at + i / 4] >> (2 * (i % 4)) & 3));
    }
    at += map_bytes;
    for (std::size_t i = 0; i < table_count; ++i, at += FR_POLICY_TABLE_BYTES) {
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), FR_POLICY_TABLE_BYTES,
                    task.tables.emplace_back().begin());
    }
    return task;
}

const FieldName* find_field(std::uint8_t field) {
    const auto found = std::ranges::find(kFields, field, &FieldName::field);
    return found != kFields.end() ? &*found : nullptr;
}

std::string name_of(std::uint8_t field) {
    const FieldName* found = find_field(field);
    return found != nullptr ? std::string(found->name) : fmt::format("field {}", field);
}

}  // namespace

const CompiledTask* CompiledPolicy::task(std::uint32_t number) const {
    const auto found = std::ranges::find(tasks, number, &CompiledTask::task);
    return found != tasks.end() ? &*found : nullptr;
}

base::Result<CompiledPolicy> read_compiled(base::ByteView bytes) {
    if (const auto wide = widened(bytes)) {
        return read_compiled(*wide);
    }
    if (fr_policy_check(bytes.data(), bytes.size()) != FR_OK) {
        return base::fail(base::ErrorKind::kInvalidInput, "these bytes are no compiled policy");
    }
    CompiledPolicy policy{.id = fr_policy_id(bytes.data(), bytes.size()),
                          .expiry_hours = read16(bytes, 10)};
    std::size_t at = FR_POLICY_HEADER_BYTES;
    for (std::uint32_t i = 0; i < bytes[4]; ++i, at += FR_POLICY_GUARD_BYTES) {
        policy.guards.push_back(
            {bytes[at], bytes[at + 1], static_cast<std::int16_t>(read16(bytes, at + 2))});
    }
    for (std::uint32_t i = 0; i < bytes[3]; ++i) {
        policy.tasks.push_back(read_task(bytes, at));
    }
    return policy;
}

std::string words_of(const CompiledGuard& guard) {
    const auto operation = std::ranges::find_if(kOperations, [&](const auto& candidate) {
        return candidate.second == (guard.operation & ~FR_GUARD_FIELD_VALUE);
    });
    const std::string_view sign = operation != kOperations.end() ? operation->first : "?";
    if ((guard.operation & FR_GUARD_FIELD_VALUE) != 0) {
        return fmt::format("{} {} {}", name_of(guard.field), sign,
                           name_of(static_cast<std::uint8_t>(guard.value)));
    }
    const FieldName* field = find_field(guard.field);
    return fmt::format("{} {} {}", name_of(guard.field), sign,
                       words_of(guard.value, field != nullptr ? *field->measure : kWholeNumber));
}

std::string words_of_model(std::uint32_t tag) {
    return tag == 0 ? "any" : fmt::format("{:02x}{:02x}...", tag & 0xFF, tag >> 8);
}

std::string rule_of_class(const CompiledTask& task, std::uint32_t class_id) {
    const std::uint32_t group = class_id < task.groups.size() ? task.groups[class_id] : 0;
    if (task.has_pins && group == FR_POLICY_PIN_EDGE) {
        return "always-edge";
    }
    if (task.has_pins && group == FR_POLICY_PIN_LOCAL) {
        return "always-local";
    }
    return fmt::format("learned table {}", group + 1);
}

}  // namespace frugal::policy
