// SPDX-License-Identifier: Apache-2.0
#include "device-sim/ledger/ledger.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "device-sim/ledger/ledger_writer.hpp"
#include "device-sim/support/file.hpp"

namespace frugal::swarm {
namespace {

bool is_same_decision(const DecisionRecord& a, const DecisionRecord& b) {
    return a.task == b.task && a.release == b.release && a.class_id == b.class_id &&
           a.confidence_q8 == b.confidence_q8 && a.tier == b.tier && a.reason == b.reason &&
           a.boot_epoch == b.boot_epoch && a.ticks == b.ticks;
}

}  // namespace

bool StreamLedger::is_declared_lost(std::uint64_t sequence) const {
    return std::any_of(gaps.begin(), gaps.end(), [sequence](const GapRecord& gap) {
        return gap.from <= sequence && sequence < gap.to;
    });
}

Result<Ledger> Ledger::load(const std::filesystem::path& directory) {
    const auto text = read_text_file(directory / LedgerWriter::kFileName);
    if (!text) {
        return tl::unexpected<Error>(text.error());
    }
    Ledger ledger;
    std::string_view left = *text;
    while (!left.empty()) {
        const auto end = left.find('\n');
        const std::string_view line = left.substr(0, end);
        left.remove_prefix(end == std::string_view::npos ? left.size() : end + 1);
        auto record = end == std::string_view::npos ? std::nullopt : parse_line(line);
        if (record) {
            ledger.add(std::move(*record));
        } else {
            ++ledger.torn_lines;
        }
    }
    ledger.finish();
    const auto windows = read_file(directory / LedgerWriter::kWindowsFileName);
    if (windows && windows->size() >= sizeof(std::uint64_t)) {
        ledger.windows.resize(windows->size() / sizeof(std::uint64_t));
        std::memcpy(ledger.windows.data(), windows->data(),
                    ledger.windows.size() * sizeof(std::uint64_t));
    }
    return ledger;
}

void Ledger::finish() {
    for (const auto& [name, value] : run_totals_) {
        totals[name] += value;
    }
    run_totals_.clear();
}

void Ledger::add(LedgerRecord record) {
    if (std::holds_alternative<RunRecord>(record)) {
        finish();
        ++runs;
    } else if (auto* decision = std::get_if<DecisionRecord>(&record)) {
        auto& decisions = streams[{decision->device, decision->stream}].decisions;
        const auto [entry, is_new] = decisions.try_emplace(decision->sequence, *decision);
        contradictions += !is_new && !is_same_decision(entry->second, *decision) ? 1 : 0;
    } else if (auto* ack = std::get_if<AckRecord>(&record)) {
        auto& acked = streams[{ack->device, ack->stream}].acked;
        acked = std::max(acked, ack->next_sequence);
    } else if (auto* gap = std::get_if<GapRecord>(&record)) {
        streams[{gap->device, gap->stream}].gaps.push_back(*gap);
    } else if (auto* escalation = std::get_if<EscalationRecord>(&record)) {
        escalations.push_back(*escalation);
    } else if (auto* phase = std::get_if<PhaseRecord>(&record)) {
        phases.push_back(*phase);
    } else if (auto* cut = std::get_if<PowerCutRecord>(&record)) {
        power_cuts.push_back(*cut);
    } else if (auto* resume = std::get_if<ResumeRecord>(&record)) {
        resumes.push_back(*resume);
    } else if (auto* attack = std::get_if<AttackRecord>(&record)) {
        attacks.push_back(*attack);
    } else if (auto* totals_now = std::get_if<TotalsRecord>(&record)) {
        run_totals_ = std::move(totals_now->values);
    }
}

}  // namespace frugal::swarm
