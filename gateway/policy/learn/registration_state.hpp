// SPDX-License-Identifier: Apache-2.0
// A registration as bytes: what labelled samples said of a pair of models must outlive a restart,
// whatever is learned after. Pure functions, any thread. Keeps no sample.
#pragma once

#include <optional>

#include "base/bytes.hpp"
#include "policy/learn/canary.hpp"

namespace frugal::policy {

/// 398 bytes.
base::Bytes save(const Registration& registration);

/// Absent for bytes that are none.
std::optional<Registration> read_registration(base::ByteView state);

}  // namespace frugal::policy
