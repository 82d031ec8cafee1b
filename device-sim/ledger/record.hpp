// SPDX-License-Identifier: Apache-2.0
// The swarm's own truth, line by line: what each device decided, had acknowledged, dropped, sent
// up, suffered. Plain values and their text form (README.md); a line that does not parse is torn.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace frugal::swarm {

struct RunRecord {
    std::int64_t unix_ms = 0;
    std::uint64_t seed = 0;
    std::string scenario;
};

struct DecisionRecord {
    std::string device;
    std::uint64_t stream = 0;
    std::uint64_t sequence = 0;
    std::uint32_t boot_epoch = 0;
    std::uint32_t ticks = 0;
    std::uint32_t task = 0;
    std::uint32_t release = 0;
    std::uint32_t class_id = 0;
    std::uint32_t confidence_q8 = 0;
    std::uint32_t tier = 0;
    std::uint32_t reason = 0;
    std::uint32_t energy_uj = 0;
    std::uint32_t local_class = 0;
    std::uint32_t local_confidence_q8 = 0;
    std::int32_t label = -1;  ///< true class; -1 if the swarm was restarted in between
};

/// The device knows that everything below is committed.
struct AckRecord {
    std::string device;
    std::uint64_t stream = 0;
    std::uint64_t next_sequence = 0;
};

/// The device told the gateway that [from, to) is lost to a full ring.
struct GapRecord {
    std::string device;
    std::uint64_t stream = 0;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
};

struct EscalationRecord {
    std::string device;
    std::uint64_t stream = 0;
    std::uint64_t sequence = 0;
    std::uint32_t bytes = 0;
};

struct PhaseRecord {
    std::string device;
    std::uint32_t task = 0;
    std::uint32_t phase = 0;
    std::uint32_t reason = 0;
    std::uint32_t release = 0;  ///< that runs
    std::uint32_t blocks_held = 0;
};

struct PowerCutRecord {
    std::string device;
    std::uint32_t phase = 0;
    std::uint32_t blocks_held = 0;
};

/// A transfer went on after a boot with so many blocks kept.
struct ResumeRecord {
    std::string device;
    std::uint32_t blocks_held = 0;
};

struct AttackRecord {
    std::string device;
    std::string attack;
    std::uint32_t reason = 0;  ///< with which the node refused; 0: it did not refuse
};

/// Running totals of one run, by name; the last of a run counts.
struct TotalsRecord {
    std::map<std::string, double> values;
};

using LedgerRecord =
    std::variant<RunRecord, DecisionRecord, AckRecord, GapRecord, EscalationRecord, PhaseRecord,
                 PowerCutRecord, ResumeRecord, AttackRecord, TotalsRecord>;

/// One line, with its newline, appended to `out`.
void append_line(const LedgerRecord& record, std::string& out);

/// Absent for a line that is torn or of another version.
std::optional<LedgerRecord> parse_line(std::string_view line);

}  // namespace frugal::swarm
