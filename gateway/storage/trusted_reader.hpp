// SPDX-License-Identifier: Apache-2.0
// Reads a Snapshot out of the database. The only place besides gateway/crypto that makes signed
// types: what comes back was verified before it was stored, and devices verify it again. Used once,
// at start. Rejects damaged rows (kCorrupt) instead of guessing.
#pragma once

#include "core/snapshot.hpp"
#include "storage/sqlite.hpp"

namespace frugal::storage {

class TrustedReader {
public:
    explicit TrustedReader(Connection& connection) : connection_(connection) {}

    base::Result<core::Snapshot> load();

private:
    using Outcome = base::Result<void>;

    Outcome load_settings(core::Snapshot& to);
    Outcome load_devices(core::Snapshot& to);
    Outcome load_streams(core::Snapshot& to);
    Outcome load_tasks(core::Snapshot& to);
    Outcome load_releases(core::Snapshot& to);
    Outcome load_variants(core::Snapshot& to);
    Outcome load_artifacts(core::Snapshot& to);
    Outcome load_edge_models(core::Snapshot& to);
    Outcome load_policies(core::Snapshot& to);
    Outcome load_policy_versions(core::Snapshot& to);
    Outcome load_policy_parts(core::Snapshot& to);
    Outcome load_policy_rollouts(core::Snapshot& to);
    Outcome load_rollouts(core::Snapshot& to);
    Outcome load_rollout_devices(core::Snapshot& to);
    Outcome load_energy(core::Snapshot& to);
    Outcome load_shares(core::Snapshot& to);
    Outcome load_audit(core::Snapshot& to);

    core::SignedBlob signed_blob(const Statement& row, int content, int signature,
                                 int key_id) const;

    /// Calls `take` with every row; stops at the first row it calls damaged (false).
    template <typename Take>
    Outcome each(std::string_view sql, std::string_view table, const Take& take);

    Connection& connection_;
};

}  // namespace frugal::storage
