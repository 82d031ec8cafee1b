// SPDX-License-Identifier: Apache-2.0
// Everything a Core needs to start: the database's rows but decisions, incidents and blobs.
// Made by storage::Database::load(). A plain value; default constructed it is a new site.
#pragma once

#include <vector>

#include "core/energy.hpp"
#include "core/offload/policy_version.hpp"
#include "core/offload/share_record.hpp"
#include "core/record.hpp"

namespace frugal::core {

struct Snapshot {
    std::uint64_t fencing_epoch = 0;      ///< of the last process
    std::uint32_t next_policy = 1;        ///< as devices' word raised it last
    std::vector<DeviceRecord> devices{};  ///< by number, dense
    std::vector<StreamRecord> streams{};  ///< by number, dense
    std::vector<TaskRecord> tasks{};
    std::vector<ReleaseRecord> releases{};  ///< by number, dense
    std::vector<EdgeModelRecord> edge_models{};
    std::vector<PolicyRecord> policies{};
    std::vector<PolicyVersionRecord> policy_versions{};  ///< by task and version
    std::vector<PolicyRolloutRecord> policy_rollouts{};  ///< by task
    std::vector<RolloutRecord> rollouts{};               ///< by id
    std::vector<RolloutDeviceRecord> rollout_devices{};
    std::vector<EnergyRecord> energy{};
    std::vector<ShareRecord> shares{};
    std::uint64_t audit_count = 0;  ///< number of the next audit row
    base::Digest audit_head{};      ///< hash of the last audit row
};

}  // namespace frugal::core
