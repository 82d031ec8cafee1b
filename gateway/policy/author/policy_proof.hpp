// SPDX-License-Identifier: Apache-2.0
// Private to this folder: what is proved of a compiled form with the device's own evaluator, over
// every class and confidence. Pure functions, any thread.
#pragma once

#include "base/bytes.hpp"
#include "policy/author/policy_parts.hpp"

namespace frugal::policy {

inline constexpr std::uint8_t kProvedTask = 1;  ///< any: what is proved does not depend on it

/// True if the form sends anything in the context that favours escalation most.
bool can_escalate(base::ByteView compiled);

/// True if no device can see a gain beyond the owner's bounds: neither with the form as authored
/// nor when the learner wants all gains or none.
bool keeps_bounds(base::ByteView compiled, const ClassRules& rules);

/// True if a class whose gains may not exceed 0 is asked for all the same, audits apart: on a quiet
/// gateway an input of so many bytes is free, and a gain of 0 pays for that.
bool asks_for_nothing(base::ByteView compiled, const ClassRules& rules,
                      std::uint32_t payload_bytes);

}  // namespace frugal::policy
