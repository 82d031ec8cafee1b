// SPDX-License-Identifier: Apache-2.0
// What the compiled form of a policy says but for its id: two versions with the same rules differ
// in that alone. A pure function, any thread.
#pragma once

#include <array>

#include "base/bytes.hpp"

namespace frugal::core {

/// The bytes before the id and those behind it; fewer, or none, of a form that is too short.
std::array<base::ByteView, 2> rules_of(base::ByteView content);

}  // namespace frugal::core
