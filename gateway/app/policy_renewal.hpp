// SPDX-License-Identifier: Apache-2.0
// Policies that an earlier gateway stored, whose compiled forms do not name the device model they
// are for: brought into the form of today, bound to their model and signed again, under their own
// numbers. Once, when the database is opened; without it nothing could be learned from them, nor
// would a device take them. Any thread. Never changes what a policy says.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "core/offload/learning.hpp"
#include "core/snapshot.hpp"
#include "core/write.hpp"
#include "crypto/release_key.hpp"

namespace frugal::app {

/// Whether the snapshot holds any.
bool has_earlier_forms(const core::Snapshot& snapshot);

/// Replaces them in the snapshot, and gives what is to be written; nothing if there are none. A
/// form of the owner's is bound to the model that its text is compiled for, a learned one to that
/// of the cell it was learned in (`cells`); what has no text is for any model, as it was.
/// kInvalidInput if the key cannot sign.
base::Result<core::WriteBatch> renew_policies(core::Snapshot& snapshot,
                                              const std::vector<core::LearningRecord>& cells,
                                              const crypto::ReleaseKey& key);

}  // namespace frugal::app
