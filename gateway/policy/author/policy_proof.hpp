// SPDX-License-Identifier: Apache-2.0
// Private to this folder: what is proved of a compiled form with the device's own evaluator, over
// every context that a device can be in. Pure functions, any thread.
//
// Why few contexts are enough. A guard can only keep a task local, so that a form without some of
// its guards escalates wherever the whole form does: guards that compare two fields are left out,
// and proofs are cautious about them. Any other guard forbids values of one field alone: what the
// guards leave are all combinations of what they leave of each field. Without guards the answer is
// monotone in every field but class and confidence (more battery, tokens, slack and link, less of
// all others, let more escalate, at a lower price), so that the best value left of each field
// escalates what any other would. Every class is tried, and every confidence that a guard or a
// table tells from its neighbours.
#pragma once

#include <optional>

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
/// gateway an input of so many bytes is free, and a gain of 0 pays for that. Without a size, the
/// largest input that no guard keeps local is meant.
bool asks_for_nothing(base::ByteView compiled, const ClassRules& rules,
                      std::optional<std::uint32_t> payload_bytes);

/// True if gains are compared with a price that none within the bounds reaches, whatever is
/// learned, with inputs of so many bytes (0 if nobody knows): only audits and class rules ask.
bool is_beyond_price(base::ByteView compiled, const ClassRules& rules,
                     std::optional<std::uint32_t> payload_bytes);

}  // namespace frugal::policy
