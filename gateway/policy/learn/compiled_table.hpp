// SPDX-License-Identifier: Apache-2.0
// The learnable part of a compiled policy: one task's gain tables and audit rate. Pure functions,
// any thread. Everything else the owner fixed (privacy, guards, deadline, caps, prices, class
// rules, expiry) stays byte for byte, so it holds after learning as before.
#pragma once

#include <optional>

#include "base/bytes.hpp"
#include "policy/learn/gain_table.hpp"

namespace frugal::policy {

struct LearnablePart {
    std::array<TableBytes, FR_POLICY_GROUPS_MAX> tables{};  ///< of the class groups there are
    std::uint8_t audit_q8 = 0;
    std::uint8_t groups = 1;
    bool operator==(const LearnablePart&) const = default;
};

/// One learned table for every class group, kept within what the owner allows each.
LearnablePart part_within(const TableBytes& learned, const GroupBounds& bounds, std::uint8_t groups,
                          std::uint8_t audit_q8);

/// Absent if the bytes are no sound policy or do not know the task.
std::optional<LearnablePart> learnable_part(base::ByteView compiled, std::uint32_t task);

/// The same policy under a new id, with these tables of the task's class groups and this audit
/// rate. Absent likewise.
std::optional<base::Bytes> with_learned(base::ByteView compiled, std::uint32_t task,
                                        std::uint32_t policy_id, const LearnablePart& part);

/// What an escalation costs an unhindered device on a quiet gateway, in wrong answers: link up,
/// battery full, 16 ms there and back. Absent likewise.
std::optional<double> nominal_price(base::ByteView compiled, std::uint32_t task,
                                    std::uint32_t payload_bytes);

}  // namespace frugal::policy
