// SPDX-License-Identifier: Apache-2.0
// One-time enrolment codes a person can type: 16 characters of Crockford's base 32 in four groups
// ("7K2M-9QXT-..."), 80 random bits. The gateway keeps SHA-256 of the normalized text. Plain
// values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace frugal::crypto {

struct NewClaimCode {
    std::string text;  ///< show once, never log
    base::Digest digest{};
};

NewClaimCode make_claim_code();

/// Digest of a code as typed: case, dashes and the look-alikes I, L, O do not matter. Absent if it
/// is not a code. Compare with equal_in_constant_time.
std::optional<base::Digest> claim_code_digest(std::string_view typed);

}  // namespace frugal::crypto
