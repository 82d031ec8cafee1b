// SPDX-License-Identifier: Apache-2.0
// Versions of a policy for one device or the devices with one label, made without a file: pinned,
// and what ends one. Pure but for the signature's randomness; any thread. Never sets them: the core
// knows what lies below what.
#pragma once

#include "app/policy_changes.hpp"

namespace frugal::app {

/// The rules that the devices obey now, but for every answer being pinned. kConflict if no text of
/// them is known, or a label's classes obey different ones; kInvalidInput if it cannot be pinned.
base::Result<core::SetPolicy> pinned_version(const Known& known,
                                             const wire::OverridePolicyQuery& wanted,
                                             const crypto::ReleaseKey& key);

/// What the core says lies below, signed under a number above, for every class that has one.
/// kNotFound if there is nothing to end.
base::Result<core::SetPolicy> cleared_version(const Known& known,
                                              const wire::OverridePolicyQuery& wanted,
                                              const crypto::ReleaseKey& key);

}  // namespace frugal::app
