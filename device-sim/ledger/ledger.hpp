// SPDX-License-Identifier: Apache-2.0
// A whole ledger read back into memory: streams with their decisions, acknowledgements and declared
// gaps, and everything else as counts. Plain value; read once, by `verify` and by a swarm that
// starts again.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "device-sim/ledger/record.hpp"
#include "device-sim/support/result.hpp"

namespace frugal::swarm {

struct StreamKey {
    std::string device;
    std::uint64_t stream = 0;
    auto operator<=>(const StreamKey&) const = default;
};

struct StreamLedger {
    std::map<std::uint64_t, DecisionRecord> decisions;
    std::uint64_t acked = 0;  ///< everything below was acknowledged
    std::vector<GapRecord> gaps;

    bool is_declared_lost(std::uint64_t sequence) const;
};

struct Ledger {
    std::map<StreamKey, StreamLedger> streams;
    std::vector<EscalationRecord> escalations;
    std::vector<PhaseRecord> phases;
    std::vector<PowerCutRecord> power_cuts;
    std::vector<ResumeRecord> resumes;
    std::vector<AttackRecord> attacks;
    std::map<std::string, double> totals;  ///< summed over the runs
    std::uint64_t runs = 0;
    std::uint64_t torn_lines = 0;
    std::uint64_t contradictions = 0;  ///< one sequence decided twice with different content
    std::vector<std::uint64_t> windows;

    /// Reads DIR/ledger.log and DIR/windows.bin.
    static Result<Ledger> load(const std::filesystem::path& directory);
    void add(LedgerRecord record);
    /// Closes the totals of the last run.
    void finish();

private:
    std::map<std::string, double> run_totals_;
};

}  // namespace frugal::swarm
