// SPDX-License-Identifier: Apache-2.0
// One invariant, watched. The world tells every checker what happens; a checker keeps what it needs
// and reports a violation to the trace. Owned by the world; never changes it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/admin.hpp"
#include "core/effect.hpp"
#include "core/snapshot.hpp"
#include "core/write.hpp"
#include "frugal/node.h"
#include "simulation/checkers/oracle.hpp"
#include "simulation/world/options.hpp"
#include "simulation/world/trace.hpp"
#include "storage/reader.hpp"

namespace frugal::simulation {

/// A device at a moment between two calls into its node.
struct DeviceView {
    std::size_t index = 0;
    std::string name;
    const fr_node_t& node;
    std::uint32_t sector_bytes = 0;
    bool is_cloned = false;
};

/// Everything in the database, read back.
struct DatabaseView {
    std::vector<core::DeviceRecord> devices;
    std::vector<core::StreamRecord> streams;
    std::vector<storage::DecisionRow> rows;
    std::vector<core::GapRecord> gaps;
    std::vector<core::AuditRecord> audit;
    std::vector<core::PolicyRecord> policies;
    std::vector<core::PolicyVersionRecord> policy_versions;
    std::vector<core::PolicyRolloutRecord> policy_rollouts;
    // Only in worlds that add encodings late.
    std::vector<core::ReleaseRecord> releases{};
    std::map<base::Digest, base::Bytes> artifacts{};  ///< the bytes of those the releases name
};

class Checker {
public:
    Checker(const Oracle& oracle, Trace& trace, const Options& options)
        : oracle_(oracle), trace_(trace), options_(options) {}
    virtual ~Checker() = default;

    // Devices
    virtual void on_boot(const DeviceView&, fr_status_t) {}
    virtual void on_wiped(std::size_t /*device*/) {}
    virtual void on_power_off(std::size_t /*device*/) {}
    /// A sample was taken whose decision must be final by `deadline`; `sequence` is its number.
    virtual void on_submitted(std::size_t /*device*/, std::uint64_t /*sequence*/,
                              base::Instant /*deadline*/) {}
    virtual void on_decided(std::size_t /*device*/, std::uint64_t /*sequence*/,
                            base::Instant /*now*/) {}
    virtual void on_step(const DeviceView&) {}
    virtual void on_flash(const DeviceView&, std::uint32_t /*offset*/, std::uint32_t /*size*/) {}
    virtual void on_chunk(const DeviceView&) {}

    /// A message that the device took told what an escalation of the task costs, q8.
    virtual void on_price(std::size_t /*device*/, std::uint32_t /*task*/, std::uint32_t /*price*/) {
    }
    /// It asks the edge, whether it has a link or not.
    virtual void on_asked(std::size_t /*device*/, std::uint32_t /*task*/) {}

    // Gateway
    virtual void on_committed(const core::WriteBatch&) {}
    virtual void on_send(const base::DeviceId&, const core::DownMessage&, std::size_t /*bytes*/) {}
    virtual void on_overview(const core::Overview&) {}
    virtual void on_abort_done(std::uint32_t /*counter*/) {}
    virtual void on_revoked(const std::string& /*device*/) {}
    /// The learner raises an alarm; all its evidence is from `since` on.
    virtual void on_alarm(base::Instant /*since*/) {}
    /// After a start of the gateway, before its core does anything; and at the end.
    virtual void on_loaded(const DatabaseView&) {}
    virtual void on_raw_found(const std::string& /*where*/) {}
    virtual void on_end(const DatabaseView&) {}
    /// What is still to come to rest, in words; empty for nothing.
    virtual std::string unsettled() const { return {}; }

protected:
    const Oracle& oracle_;
    Trace& trace_;
    const Options& options_;
};

using Checkers = std::vector<std::unique_ptr<Checker>>;
Checkers make_checkers(const Oracle& oracle, Trace& trace, const Options& options);

}  // namespace frugal::simulation
