// SPDX-License-Identifier: Apache-2.0
// The learnable part of a compiled policy: one task's gain tables, which class takes which, and the
// audit rate. Pure functions, any thread. Everything else the owner fixed (privacy, guards,
// deadline, caps, prices, class rules, expiry) stays byte for byte, so it holds after learning.
#pragma once

#include <optional>

#include "base/bytes.hpp"
#include "policy/learn/class_factors.hpp"
#include "policy/learn/gain_table.hpp"

namespace frugal::policy {

struct LearnablePart {
    std::array<TableBytes, FR_POLICY_GROUPS_MAX> tables{};  ///< of the class groups there are
    std::uint8_t audit_q8 = 0;
    std::uint8_t groups = 1;
    bool has_pins = false;       ///< in `classes`: FR_POLICY_PIN_EDGE and FR_POLICY_PIN_LOCAL
    std::uint8_t map_bytes = 0;  ///< four classes each; classes beyond it are in group 0
    ClassMap classes{};
    bool operator==(const LearnablePart&) const = default;

    std::size_t groups_max() const { return has_pins ? FR_POLICY_PIN_EDGE : FR_POLICY_GROUPS_MAX; }
    /// Null for a class that the owner pinned.
    const TableBytes* table_of(std::size_t class_id) const {
        return classes[class_id] < groups ? &tables[classes[class_id]] : nullptr;
    }
};

/// One learned table for every class group of `layout`, kept within what the owner allows each.
LearnablePart part_within(LearnablePart layout, const TableBytes& learned,
                          const GroupBounds& bounds, std::uint8_t audit_q8);

/// Absent if the bytes are no sound policy or do not know the task.
std::optional<LearnablePart> learnable_part(base::ByteView compiled, std::uint32_t task);

/// The same policy under a new id, with this part of the task. Absent likewise, and if it would
/// be no sound policy.
std::optional<base::Bytes> with_learned(base::ByteView compiled, std::uint32_t task,
                                        std::uint32_t policy_id, const LearnablePart& part);

/// The same policy with the task's tables bound to this device model: those of another obey none of
/// it. Bytes that are no sound policy, or do not know the task, stay as they are.
base::Bytes bound_to(base::Bytes compiled, std::uint32_t task, const base::Digest& model);

/// The same policy under another id: what going back to a version signs. Too short bytes stay as
/// they are where the id would lie.
base::Bytes with_policy_id(base::Bytes compiled, std::uint32_t id);

/// What an escalation costs an unhindered device on a quiet gateway, in wrong answers: link up,
/// battery full, 16 ms there and back. Absent likewise.
std::optional<double> nominal_price(base::ByteView compiled, std::uint32_t task,
                                    std::uint32_t payload_bytes);

}  // namespace frugal::policy
