// SPDX-License-Identifier: Apache-2.0
// What the compiled form of a policy says but for its id: two versions with the same rules differ
// in that alone. Pure functions, any thread.
#pragma once

#include <array>

#include "base/bytes.hpp"
#include "core/offload/policy_version.hpp"

namespace frugal::core {

/// The bytes before the id and those behind it; fewer, or none, of a form that is too short.
std::array<base::ByteView, 2> rules_of(base::ByteView content);

/// Of text and parts. Two versions of one content have one digest: the id within the compiled forms
/// is left out.
base::Digest digest_of(const PolicyVersionRecord& version);

}  // namespace frugal::core
