// SPDX-License-Identifier: Apache-2.0
#include "device-sim/ledger/record.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>

namespace frugal::swarm {
namespace {

/// Appends fields separated by blanks.
struct Writer {
    std::string& out;

    void operator()(const RunRecord& r) const { put("S {} {} {}", r.unix_ms, r.seed, r.scenario); }
    void operator()(const DecisionRecord& r) const {
        put("D {} {:016x} {} {} {} {} {} {} {} {} {} {} {} {} {}", r.device, r.stream, r.sequence,
            r.boot_epoch, r.ticks, r.task, r.release, r.class_id, r.confidence_q8, r.tier, r.reason,
            r.energy_uj, r.local_class, r.local_confidence_q8, r.label);
    }
    void operator()(const AckRecord& r) const {
        put("A {} {:016x} {}", r.device, r.stream, r.next_sequence);
    }
    void operator()(const GapRecord& r) const {
        put("G {} {:016x} {} {}", r.device, r.stream, r.from, r.to);
    }
    void operator()(const EscalationRecord& r) const {
        put("E {} {:016x} {} {}", r.device, r.stream, r.sequence, r.bytes);
    }
    void operator()(const PhaseRecord& r) const {
        put("U {} {} {} {} {} {}", r.device, r.task, r.phase, r.reason, r.release, r.blocks_held);
    }
    void operator()(const PowerCutRecord& r) const {
        put("P {} {} {}", r.device, r.phase, r.blocks_held);
    }
    void operator()(const ResumeRecord& r) const { put("R {} {}", r.device, r.blocks_held); }
    void operator()(const AttackRecord& r) const {
        put("H {} {} {}", r.device, r.attack, r.reason);
    }
    void operator()(const TotalsRecord& r) const {
        out += 'T';
        for (const auto& [name, value] : r.values) {
            fmt::format_to(std::back_inserter(out), " {}={}", name, value);
        }
        out += '\n';
    }

    template <typename... Fields>
    void put(fmt::format_string<Fields...> format, Fields&&... fields) const {
        fmt::format_to(std::back_inserter(out), format, std::forward<Fields>(fields)...);
        out += '\n';
    }
};

/// Reads fields one after the other; the first bad one makes it fail for good.
class Fields {
public:
    explicit Fields(std::string_view line) : left_(line) {}

    bool is_done() const { return !has_failed_ && left_.empty(); }
    bool is_empty() const { return left_.empty(); }

    std::string_view word() {
        const auto end = left_.find(' ');
        const std::string_view word = left_.substr(0, end);
        left_.remove_prefix(end == std::string_view::npos ? left_.size() : end + 1);
        has_failed_ = has_failed_ || word.empty();
        return word;
    }
    template <typename Number>
    Fields& number(Number& value, int base = 10) {
        const std::string_view text = word();
        const auto read = std::from_chars(text.data(), text.data() + text.size(), value, base);
        has_failed_ = has_failed_ || read.ec != std::errc{} || read.ptr != text.end();
        return *this;
    }
    Fields& text(std::string& value) {
        value = word();
        return *this;
    }
    Fields& stream(std::uint64_t& value) { return number(value, 16); }

private:
    std::string_view left_;
    bool has_failed_ = false;
};

template <typename Record>
std::optional<LedgerRecord> whole(const Fields& fields, Record record) {
    return fields.is_done() ? std::optional<LedgerRecord>(std::move(record)) : std::nullopt;
}

std::optional<LedgerRecord> parse_decision(Fields fields) {
    DecisionRecord r;
    fields.text(r.device).stream(r.stream).number(r.sequence).number(r.boot_epoch);
    fields.number(r.ticks).number(r.task).number(r.release).number(r.class_id);
    fields.number(r.confidence_q8).number(r.tier).number(r.reason).number(r.energy_uj);
    fields.number(r.local_class).number(r.local_confidence_q8).number(r.label);
    return whole(fields, std::move(r));
}

std::optional<LedgerRecord> parse_run(Fields fields) {
    RunRecord r;
    fields.number(r.unix_ms).number(r.seed).text(r.scenario);
    return whole(fields, std::move(r));
}

std::optional<LedgerRecord> parse_ack(Fields fields) {
    AckRecord r;
    fields.text(r.device).stream(r.stream).number(r.next_sequence);
    return whole(fields, std::move(r));
}

std::optional<LedgerRecord> parse_gap(Fields fields) {
    GapRecord r;
    fields.text(r.device).stream(r.stream).number(r.from).number(r.to);
    return whole(fields, std::move(r));
}

std::optional<LedgerRecord> parse_escalation(Fields fields) {
    EscalationRecord r;
    fields.text(r.device).stream(r.stream).number(r.sequence).number(r.bytes);
    return whole(fields, std::move(r));
}

std::optional<LedgerRecord> parse_phase(Fields fields) {
    PhaseRecord r;
    fields.text(r.device).number(r.task).number(r.phase).number(r.reason);
    fields.number(r.release).number(r.blocks_held);
    return whole(fields, std::move(r));
}

std::optional<LedgerRecord> parse_power_cut(Fields fields) {
    PowerCutRecord r;
    fields.text(r.device).number(r.phase).number(r.blocks_held);
    return whole(fields, std::move(r));
}

std::optional<LedgerRecord> parse_resume(Fields fields) {
    ResumeRecord r;
    fields.text(r.device).number(r.blocks_held);
    return whole(fields, std::move(r));
}

std::optional<LedgerRecord> parse_attack(Fields fields) {
    AttackRecord r;
    fields.text(r.device).text(r.attack).number(r.reason);
    return whole(fields, std::move(r));
}

std::optional<LedgerRecord> parse_totals(Fields fields) {
    TotalsRecord r;
    while (!fields.is_empty()) {
        const std::string_view pair = fields.word();
        const auto equals = pair.find('=');
        double value = 0;
        const char* first = pair.data() + (equals == pair.npos ? pair.size() : equals + 1);
        const auto read = std::from_chars(first, pair.data() + pair.size(), value);
        if (read.ec != std::errc{} || read.ptr != pair.data() + pair.size()) {
            return std::nullopt;
        }
        r.values[std::string(pair.substr(0, equals))] = value;
    }
    return whole(fields, std::move(r));
}

}  // namespace

void append_line(const LedgerRecord& record, std::string& out) {
    std::visit(Writer{out}, record);
}

std::optional<LedgerRecord> parse_line(std::string_view line) {
    if (line.size() < 3 || line[1] != ' ') {
        return std::nullopt;
    }
    const Fields fields(line.substr(2));
    switch (line[0]) {
        case 'S':
            return parse_run(fields);
        case 'D':
            return parse_decision(fields);
        case 'A':
            return parse_ack(fields);
        case 'G':
            return parse_gap(fields);
        case 'E':
            return parse_escalation(fields);
        case 'U':
            return parse_phase(fields);
        case 'P':
            return parse_power_cut(fields);
        case 'R':
            return parse_resume(fields);
        case 'H':
            return parse_attack(fields);
        case 'T':
            return parse_totals(fields);
        default:
            return std::nullopt;
    }
}

}  // namespace frugal::swarm
