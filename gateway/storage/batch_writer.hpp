// SPDX-License-Identifier: Apache-2.0
// Turns a WriteBatch into rows: one prepared statement per kind of row, one function per record.
// Owned by Database, used inside its transaction. Stops at the first error.
#pragma once

#include "core/write.hpp"
#include "storage/sqlite.hpp"

namespace frugal::storage {

class BatchWriter {
public:
    /// Prepares all statements. kStorage, kCorrupt.
    static base::Result<BatchWriter> prepare(Connection& connection);

    base::Result<void> write(const core::WriteBatch& batch);

private:
    using Outcome = base::Result<void>;

    Outcome put(const core::DeviceRecord& record);
    Outcome put(const core::GapRecord& record);
    Outcome put(const core::TaskRecord& record);
    Outcome put(const core::ReleaseRecord& record);
    Outcome put(const core::BlobRecord& record);
    Outcome put(const core::EdgeModelRecord& record);
    Outcome put(const core::PolicyRecord& record);
    Outcome put(const core::PolicyRecordDropped& record);
    Outcome put(const core::RolloutRecord& record);
    Outcome put(const core::RolloutDeviceRecord& record);
    Outcome put(const core::AuditRecord& record);
    Outcome put(const core::IncidentRecord& record);
    Outcome put(const core::EnergyRecord& record);
    Outcome put(const core::FencingEpochRecord& record);
    Outcome put(const core::PolicyNumberRecord& record);
    Outcome put(const core::LearningRecord& record);
    Outcome put(const core::ObservationRecord& record);
    Outcome put(const core::PolicyVersionRecord& record);
    Outcome put(const core::PolicyVersionReached& record);
    Outcome put(const core::PolicyVersionDropped& record);
    Outcome put(const core::PolicyRolloutRecord& record);
    Outcome put(const core::CanaryRecord& record);
    Outcome put(const core::CanariesDropped& record);
    Outcome put(const core::ShareRecord& record);
    Outcome put(const core::StreamRecord& record);
    Outcome put(const core::DecisionRun& run);
    Outcome put_energy(const core::EnergyRecord& record, std::int64_t part,
                       const core::EnergyCounters& counters);
    Outcome put_variant(core::ReleaseNumber release, std::size_t position,
                        const core::VariantRecord& record);
    Outcome put(const core::ArtifactAdded& record);
    Outcome put_artifact(core::ReleaseNumber release, std::size_t variant, std::size_t position,
                         const core::ArtifactRecord& record);

    Statement device_;
    Statement gap_;
    Statement task_;
    Statement release_;
    Statement variant_;
    Statement artifact_;
    Statement blob_;
    Statement edge_model_;
    Statement policy_;
    Statement policy_end_;
    Statement learning_end_;
    Statement doubted_end_;
    Statement rollout_;
    Statement rollout_device_;
    Statement audit_;
    Statement incident_;
    Statement energy_;
    Statement setting_;
    Statement learning_;
    Statement observation_;
    Statement old_observations_;
    Statement stream_;
    Statement decision_;
    Statement policy_version_;
    Statement policy_part_;
    Statement policy_version_reached_;
    Statement policy_version_drop_;
    Statement policy_part_drop_;
    Statement policy_rollout_;
    Statement canary_;
    Statement canary_used_;
    Statement old_canaries_;
    Statement learning_of_pair_end_;
    Statement doubted_of_pair_end_;
    Statement canaries_drop_;
    Statement doubted_;
    Statement share_;
};

}  // namespace frugal::storage
