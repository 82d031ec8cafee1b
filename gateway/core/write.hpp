// SPDX-License-Identifier: Apache-2.0
// What one transaction writes: built by the core, applied by gateway/storage, in this order:
// records, streams, decisions. All or nothing. Plain values; immutable once handed over.
#pragma once

#include <variant>
#include <vector>

#include "core/energy.hpp"
#include "core/offload/learning.hpp"
#include "core/offload/policy_version.hpp"
#include "core/offload/share_record.hpp"
#include "core/record.hpp"

namespace frugal::core {

/// Every gateway process gets its own; a device obeys only the highest it has seen.
struct FencingEpochRecord {
    std::uint64_t epoch = 0;
};

/// What the number of the next policy version rose to by the word of devices.
struct PolicyNumberRecord {
    std::uint32_t next = 1;
};

/// Inserts the row, or replaces the one with the same key. Gaps, audit rows, incidents and
/// artifacts only append.
using Write =
    std::variant<DeviceRecord, GapRecord, TaskRecord, ReleaseRecord, BlobRecord, EdgeModelRecord,
                 PolicyRecord, PolicyRecordDropped, RolloutRecord, RolloutDeviceRecord, AuditRecord,
                 IncidentRecord, EnergyRecord, FencingEpochRecord, PolicyNumberRecord,
                 LearningRecord, ObservationRecord, PolicyVersionRecord, PolicyVersionReached,
                 PolicyVersionDropped, PolicyRolloutRecord, CanaryRecord, CanariesDropped,
                 ShareRecord, ArtifactAdded>;

struct WriteBatch {
    std::vector<Write> records;
    std::vector<StreamRecord> streams;  ///< at most one per stream
    std::vector<DecisionRun> decisions;
    std::size_t decision_rows = 0;  ///< sum of the runs' counts

    bool empty() const { return records.empty() && streams.empty() && decisions.empty(); }
    std::size_t rows() const { return records.size() + streams.size() + decision_rows; }
};

}  // namespace frugal::core
