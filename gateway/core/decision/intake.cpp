// SPDX-License-Identifier: Apache-2.0
#include "core/decision/intake.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "core/decision/decision_hash.hpp"
#include "core/offload/learning_desk.hpp"
#include "frugal/limits.h"

namespace frugal::core {

static_assert(kDecisionWindow == FR_DECISION_WINDOW);
static_assert(kTasksMax == FR_TASKS_MAX);

Intake::Intake(std::vector<StreamRecord> streams, Registry& registry, const Catalogue& catalogue,
               Journal& journal, const IntakeConfig& config)
    : registry_(registry), catalogue_(catalogue), journal_(journal), config_(config) {
    for (auto& record : streams) {
        FRUGAL_ASSERT(index_of(record.number) == streams_.size());
        registry_.at(record.device).streams.push_back(record.number);
        accepted_total_ += record.accepted;
        lost_total_ += record.lost;
        streams_.emplace_back().record = record;
    }
}

const StreamRecord& Intake::stream(StreamNumber number) const {
    FRUGAL_ASSERT(index_of(number) < streams_.size());
    return streams_[index_of(number)].record;
}

Intake::Stream* Intake::find(const Device& device, base::StreamId id) {
    for (const auto number : device.streams) {
        auto& stream = streams_[index_of(number)];
        if (stream.record.id == id) {
            return &stream;
        }
    }
    return nullptr;
}

Intake::Stream* Intake::add(const Step& step, Device& device, base::StreamId id) {
    if (device.streams.size() >= config_.streams_per_device) {
        journal_.incident(step, device, IncidentKind::kTooManyStreams,
                          "storage formatted more often than the gateway keeps streams");
        return nullptr;
    }
    const auto number = static_cast<StreamNumber>(streams_.size());
    auto& stream = streams_.emplace_back();
    stream.record.number = number;
    stream.record.device = device.record.number;
    stream.record.id = id;
    stream.must_write = true;
    device.streams.push_back(number);
    touch(stream);
    return &stream;
}

void Intake::touch(Stream& stream) {
    if (!stream.is_touched) {
        stream.is_touched = true;
        touched_.push_back(stream.record.number);
    }
}

IntakeVerdict Intake::on_hello(const Step& step, Device& device, const Hello& hello) {
    auto* stream = find(device, hello.stream);
    if (stream == nullptr) {
        stream = add(step, device, hello.stream);
    }
    if (stream != nullptr) {
        stream->oldest_on_device = hello.oldest_sequence;
        // Tells the device where to go on; it may hold decisions whose ack was lost.
        stream->must_ack = true;
        touch(*stream);
    }
    return IntakeVerdict::kFine;
}

IntakeVerdict Intake::on_decisions(const Step& step, Device& device, const Decisions& decisions,
                                   std::uint32_t wire_bytes) {
    auto* stream = find(device, decisions.stream);
    if (stream == nullptr) {
        return IntakeVerdict::kAskHello;
    }
    if (!step.out.has_room(decisions.count + 2)) {
        if (statistics_.shed++ == 0) {
            journal_.log(step, LogEvent::kIntakeShed, {});
        }
        return IntakeVerdict::kFine;
    }
    touch(*stream);
    stream->must_ack = true;
    if (decisions.first_sequence > stream->record.next_sequence &&
        !close_gap(step, device, *stream, decisions)) {
        ++statistics_.ahead;
        return stream->oldest_on_device ? IntakeVerdict::kFine : IntakeVerdict::kAskHello;
    }
    if (!is_consistent(*stream, decisions)) {
        ++statistics_.equivocations;
        stream->must_ack = false;
        journal_.incident(step, device, IncidentKind::kEquivocation,
                          "another decision was stored under sequence numbers from " +
                              std::to_string(decisions.first_sequence));
        return IntakeVerdict::kQuarantine;
    }
    const auto known = std::min<std::uint64_t>(
        stream->record.next_sequence - decisions.first_sequence, decisions.count);
    statistics_.duplicates += known;
    if (known == decisions.count) {
        return IntakeVerdict::kFine;
    }
    if (decisions.boot_epoch < stream->record.boot_epoch) {
        journal_.incident(step, device, IncidentKind::kEpochRegression,
                          "boot epoch " + std::to_string(decisions.boot_epoch) + " after " +
                              std::to_string(stream->record.boot_epoch));
        return IntakeVerdict::kFine;
    }
    ++statistics_.batches;
    statistics_.decision_bytes += wire_bytes;
    append(step, device, *stream, decisions, static_cast<std::uint32_t>(known));
    return IntakeVerdict::kFine;
}

// The batch starts above the mark. True if everything between is known to be gone, and why.
bool Intake::close_gap(const Step& step, Device& device, Stream& stream,
                       const Decisions& decisions) {
    const auto mark = stream.record.next_sequence;
    const auto declared_from = decisions.dropped_from.value_or(decisions.first_sequence);
    if (declared_from > mark) {
        // Not declared as dropped: either it is still on the device and comes first, or this
        // gateway acknowledged it once and has forgotten (a database restored from a backup).
        if (!stream.oldest_on_device || declared_from > *stream.oldest_on_device) {
            return false;
        }
        note_gap(step, device, stream, GapKind::kAmnesia, declared_from);
    }
    if (decisions.first_sequence > stream.record.next_sequence) {
        note_gap(step, device, stream, GapKind::kDeclared, decisions.first_sequence);
    }
    return true;
}

void Intake::note_gap(const Step& step, Device& device, Stream& stream, GapKind kind,
                      std::uint64_t until) {
    auto& record = stream.record;
    const auto from = record.next_sequence;
    const auto forget = std::min<std::uint64_t>(until - from, kDecisionWindow);
    for (std::uint64_t sequence = until - forget; sequence < until; ++sequence) {
        record.hashes[sequence % kDecisionWindow] = 0;
    }
    record.lost += until - from;
    lost_total_ += until - from;
    record.next_sequence = until;
    stream.must_write = true;
    if (record.gap_count < config_.gaps_per_stream) {
        ++record.gap_count;
        step.write(GapRecord{.stream = record.number,
                             .kind = kind,
                             .from = from,
                             .until = until,
                             .noted_at = step.now.wall});
        journal_.log(step, LogEvent::kGap,
                     {{"device", device.record.id.text()},
                      {"kind", std::string(to_string(kind))},
                      {"from", std::to_string(from)},
                      {"until", std::to_string(until)}});
    }
}

// False if a decision we stored comes again with another content.
bool Intake::is_consistent(const Stream& stream, const Decisions& decisions) {
    const auto mark = stream.record.next_sequence;
    for (std::uint32_t i = 0; i < decisions.count; ++i) {
        const auto sequence = decisions.first_sequence + i;
        if (sequence >= mark) {
            break;
        }
        const auto kept = stream.record.hashes[sequence % kDecisionWindow];
        if (sequence + kDecisionWindow < mark || kept == 0) {
            ++statistics_.unverifiable;
        } else if (kept != decision_hash(decisions, i)) {
            return false;
        }
    }
    return true;
}

void Intake::append(const Step& step, const Device& device, Stream& stream,
                    const Decisions& decisions, std::uint32_t skip) {
    auto& record = stream.record;
    auto& run = step.out.writes.decisions.emplace_back(
        DecisionRun{record.number, device.record.number, step.now.wall, decisions});
    if (skip != 0) {
        const auto shift = [skip](auto& column) {
            std::copy(column.begin() + skip, column.end(), column.begin());
        };
        shift(run.decisions.ticks);
        shift(run.decisions.classes);
        shift(run.decisions.confidences);
        shift(run.decisions.outcomes);
        run.decisions.first_sequence += skip;
        run.decisions.energy_uj -= run.decisions.energy_uj / run.decisions.count * skip;
        run.decisions.count -= skip;
    }
    for (std::uint32_t i = 0; i < run.decisions.count; ++i) {
        record.hashes[(run.decisions.first_sequence + i) % kDecisionWindow] =
            decision_hash(run.decisions, i);
    }
    record.next_sequence += run.decisions.count;
    record.accepted += run.decisions.count;
    record.boot_epoch = decisions.boot_epoch;
    stream.must_write = true;
    accepted_total_ += run.decisions.count;
    statistics_.decisions += run.decisions.count;
    step.out.writes.decision_rows += run.decisions.count;
    tell_decisions(step, device, catalogue_, run);
}

void Intake::seal(const Step& step, const AckTermsOf& terms_of) {
    for (const auto number : touched_) {
        auto& stream = streams_[index_of(number)];
        if (stream.must_write) {
            step.out.writes.streams.push_back(stream.record);
        }
        const auto& device = registry_.at(stream.record.device);
        if (stream.must_ack && device.record.state == DeviceState::kEnrolled) {
            auto terms = terms_of(device);
            step.after_commit(
                Send{device.record.id, Ack{.stream = stream.record.id,
                                           .next_sequence = stream.record.next_sequence,
                                           .fencing_epoch = terms.fencing_epoch,
                                           .price = terms.price,
                                           .load = terms.load,
                                           .credit = FR_DECISION_WINDOW,
                                           .dearer = std::move(terms.dearer)}});
        }
        stream.must_write = false;
        stream.must_ack = false;
        stream.is_touched = false;
    }
    touched_.clear();
}

}  // namespace frugal::core
