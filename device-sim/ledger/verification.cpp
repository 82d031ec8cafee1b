// SPDX-License-Identifier: Apache-2.0
#include "device-sim/ledger/verification.hpp"

#include <fmt/format.h>

#include <set>

namespace frugal::swarm {
namespace {

constexpr std::size_t kExamplesMax = 20;
constexpr std::uint64_t kGapWidthMax = 10'000'000;  // beyond it a gap is nonsense, not a set

bool is_same(const DecisionRecord& ledger, const StoredDecision& stored) {
    return ledger.boot_epoch == stored.boot_epoch && ledger.ticks == stored.ticks &&
           ledger.task == stored.task && ledger.release == stored.release &&
           ledger.class_id == stored.class_id && ledger.confidence_q8 == stored.confidence_q8 &&
           ledger.tier * 16 + ledger.reason == stored.outcome;
}

void note(Verification& result, const StreamKey& key, std::uint64_t sequence, const char* what) {
    if (result.examples.size() < kExamplesMax) {
        result.examples.push_back(
            fmt::format("{} {:016x} {}: {}", key.device, key.stream, sequence, what));
    }
}

template <typename Gaps>
std::set<std::uint64_t> sequences_of(const Gaps& gaps, std::uint64_t below) {
    std::set<std::uint64_t> sequences;
    for (const auto& gap : gaps) {
        const std::uint64_t end = std::min({gap.to, below, gap.from + kGapWidthMax});
        for (std::uint64_t sequence = gap.from; sequence < end; ++sequence) {
            sequences.insert(sequence);
        }
    }
    return sequences;
}

/// Rows against the ledger. Returns the sequences that are stored right.
std::set<std::uint64_t> check_rows(const StreamKey& key, const StreamLedger& ledger,
                                   const StoredStream& stored, Verification& result) {
    std::set<std::uint64_t> seen;
    std::set<std::uint64_t> right;
    for (const StoredDecision& row : stored.decisions) {
        ++result.rows;
        if (!seen.insert(row.sequence).second) {
            ++result.duplicated;
            note(result, key, row.sequence, "stored twice");
            continue;
        }
        const auto decision = ledger.decisions.find(row.sequence);
        if (decision == ledger.decisions.end()) {
            ++result.unledgered;
        } else if (is_same(decision->second, row)) {
            right.insert(row.sequence);
        } else {
            ++result.different;
            ++result.lost;
            note(result, key, row.sequence, "stored with another content");
            seen.insert(row.sequence);
        }
    }
    result.committed += right.size();
    return seen;
}

void check_decisions(const StreamKey& key, const StreamLedger& ledger,
                     const std::set<std::uint64_t>& stored, Verification& result) {
    for (const auto& [sequence, decision] : ledger.decisions) {
        const bool is_acked = sequence < ledger.acked;
        if (stored.contains(sequence)) {
            result.unacked_stored += is_acked ? 0 : 1;
        } else if (ledger.is_declared_lost(sequence)) {
            ++result.declared_dropped;
        } else if (is_acked) {
            ++result.lost;
            note(result, key, sequence, "acknowledged but not stored");
        } else {
            ++result.pending;
        }
    }
}

/// Below the head of the database both sides must name the same sequences as lost.
void check_gaps(const StreamKey& key, const StreamLedger& ledger, const StoredStream& stored,
                Verification& result) {
    std::vector<StoredGap> declared;
    for (const StoredGap& gap : stored.gaps) {
        if (gap.is_declared) {
            declared.push_back(gap);
        }
    }
    const auto ours = sequences_of(ledger.gaps, stored.next_sequence);
    const auto theirs = sequences_of(declared, stored.next_sequence);
    std::set<std::uint64_t> rows;
    for (const StoredDecision& row : stored.decisions) {
        rows.insert(row.sequence);
    }
    for (const std::uint64_t sequence : ours) {
        // A decision may have arrived before the device dropped it unacknowledged.
        if (!theirs.contains(sequence) && !rows.contains(sequence)) {
            ++result.gap_mismatches;
            note(result, key, sequence, "declared lost, but the database has no gap");
        }
    }
    for (const std::uint64_t sequence : theirs) {
        if (!ours.contains(sequence)) {
            ++result.gap_mismatches;
            note(result, key, sequence, "a gap in the database that nobody declared");
        }
    }
}

}  // namespace

Verification compare(const Ledger& ledger, const Stored& stored) {
    Verification result;
    const StoredStream nothing;
    for (const auto& [key, stream] : ledger.streams) {
        const auto found = stored.streams.find(key);
        const StoredStream& rows = found == stored.streams.end() ? nothing : found->second;
        result.produced += stream.decisions.size();
        const auto seen = check_rows(key, stream, rows, result);
        check_decisions(key, stream, seen, result);
        check_gaps(key, stream, rows, result);
        if (stream.acked > rows.next_sequence) {
            ++result.acked_above_stored;
            note(result, key, stream.acked, "acknowledged beyond the database's head");
        }
    }
    for (const auto& [key, rows] : stored.streams) {
        if (!ledger.streams.contains(key)) {
            result.unledgered += rows.decisions.size();
        }
    }
    return result;
}

}  // namespace frugal::swarm
