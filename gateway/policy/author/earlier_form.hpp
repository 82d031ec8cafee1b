// SPDX-License-Identifier: Apache-2.0
// Compiled policies as gateways made them before a task named its device model: version 1, with 14
// bytes a task. They lie in databases and backups. Pure functions, any thread.
#pragma once

#include <optional>

#include "base/bytes.hpp"

namespace frugal::policy {

/// The same rules in the form of today, for any model; absent for what is no sound form of version
/// 1, and for one that would be longer than FR_POLICY_SIZE_MAX.
std::optional<base::Bytes> widened(base::ByteView bytes);

}  // namespace frugal::policy
