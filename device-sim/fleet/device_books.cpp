// SPDX-License-Identifier: Apache-2.0
#include "device-sim/fleet/device_books.hpp"

#include <algorithm>

#include "device-sim/fleet/message_view.hpp"

namespace frugal::swarm {

void DeviceBooks::known_from_ledger(std::uint64_t stream, const StreamLedger& known) {
    Known& entry = known_[stream];
    entry.next_sequence = known.decisions.empty() ? 0 : known.decisions.rbegin()->first + 1;
    entry.acked = known.acked;
    for (std::uint64_t sequence = known.acked; sequence < entry.next_sequence; ++sequence) {
        if (!known.decisions.contains(sequence)) {
            entry.holes.insert(sequence);
        }
    }
    for (const GapRecord& gap : known.gaps) {
        entry.declared_until = std::max(entry.declared_until, gap.to);
    }
}

void DeviceBooks::follow_stream(std::uint64_t stream) {
    if (stream != stream_) {
        stream_ = stream;
        now_ = known_[stream_];
    }
}

void DeviceBooks::booted(const VirtualDevice& device) {
    ++context_.statistics->boots;
    follow_stream(fr_node_stream(&device.node()));
    // A kill between flash and ledger leaves decisions only flash knows.
    const std::uint64_t first = now_.holes.empty() ? now_.next_sequence : *now_.holes.begin();
    device.read_log(first, [this](const fr_decision_t& decision) {
        if (decision.sequence >= now_.next_sequence || now_.holes.contains(decision.sequence)) {
            ++context_.statistics->recovered;
            decided(decision, std::nullopt);
        }
    });
    const fr_task_status_t status = device.task_status();
    if (status.phase == FR_PHASE_TRANSFER && status.blocks_held > 0) {
        ++context_.statistics->transfers_resumed;
        context_.ledger->append(ResumeRecord{device_, status.blocks_held});
    }
}

void DeviceBooks::decided(const fr_decision_t& decision, std::optional<int> label) {
    Statistics& statistics = *context_.statistics;
    ++statistics.decisions;
    statistics.answered += decision.tier == FR_TIER_EDGE ? 1 : 0;
    statistics.busy += decision.reason == FR_POLICY_BUSY_RETRY ? 1 : 0;
    statistics.late += decision.reason == FR_POLICY_LATE ? 1 : 0;
    if (label) {
        count_accuracy(decision, *label);
    }
    DecisionRecord record;
    record.device = device_;
    record.stream = stream_;
    record.sequence = decision.sequence;
    record.boot_epoch = decision.boot_epoch;
    record.ticks = decision.ticks;
    record.task = decision.task;
    record.release = decision.release;
    record.class_id = decision.class_id;
    record.confidence_q8 = decision.confidence_q8;
    record.tier = decision.tier;
    record.reason = decision.reason;
    record.energy_uj = decision.energy_uj;
    record.local_class = decision.local_class;
    record.local_confidence_q8 = decision.local_confidence_q8;
    record.label = label.value_or(-1);
    context_.ledger->append(record);
    now_.holes.erase(decision.sequence);
    now_.next_sequence = std::max(now_.next_sequence, decision.sequence + 1);
}

void DeviceBooks::count_accuracy(const fr_decision_t& decision, int label) {
    Statistics& statistics = *context_.statistics;
    statistics.local.count(decision.local_class == label);
    statistics.system.count(decision.class_id == label);
    if (decision.tier == FR_TIER_EDGE) {
        statistics.local_on_escalated.count(decision.local_class == label);
        statistics.edge_on_escalated.count(decision.class_id == label);
    }
}

void DeviceBooks::sent(fr_up_kind_t kind, ByteView payload) {
    Traffic& traffic = context_.statistics->up[kind];
    ++traffic.messages;
    traffic.bytes += payload.size();
    if (kind == FR_UP_DECISIONS) {
        if (const auto view = view_decisions(payload)) {
            declare_gap(*view);
        }
    } else if (kind == FR_UP_ESCALATE) {
        if (const auto view = view_escalate(payload)) {
            ++context_.statistics->escalations;
            const auto size = static_cast<std::uint32_t>(view->features.size());
            context_.ledger->append(EscalationRecord{device_, view->stream, view->sequence, size});
            context_.ledger->append_windows(view->features);
        }
    }
}

void DeviceBooks::declare_gap(const DecisionsView& view) {
    if (!view.dropped_from || view.first_sequence <= now_.declared_until) {
        return;
    }
    const std::uint64_t from = std::max(*view.dropped_from, now_.declared_until);
    context_.statistics->dropped += view.first_sequence - from;
    context_.ledger->append(
        GapRecord{device_, view.stream, *view.dropped_from, view.first_sequence});
    now_.declared_until = view.first_sequence;
}

void DeviceBooks::received(fr_down_kind_t kind, ByteView payload) {
    Traffic& traffic = context_.statistics->down[kind];
    ++traffic.messages;
    traffic.bytes += payload.size();
}

void DeviceBooks::phase(const fr_task_status_t& status, fr_phase_t phase, fr_reason_t reason) {
    Statistics& statistics = *context_.statistics;
    if (phase == FR_PHASE_REFUSED) {
        ++statistics.refusals[reason_name(reason)];
    } else if (phase == FR_PHASE_REVERTED || phase == FR_PHASE_QUARANTINED) {
        ++statistics.reverts[reason_name(reason)];
    } else if (phase == FR_PHASE_TRANSFER) {
        ++statistics.transfers;
    }
    context_.ledger->append(PhaseRecord{device_, task_, static_cast<std::uint32_t>(phase),
                                        static_cast<std::uint32_t>(reason), status.release,
                                        status.blocks_held});
}

void DeviceBooks::power_cut(const fr_task_status_t& status) {
    ++context_.statistics->power_cuts;
    context_.ledger->append(
        PowerCutRecord{device_, static_cast<std::uint32_t>(status.phase), status.blocks_held});
}

void DeviceBooks::acked(std::uint64_t next_sequence) {
    if (next_sequence > now_.acked) {
        context_.statistics->acked += next_sequence - now_.acked;
        now_.acked = next_sequence;
        context_.ledger->append(AckRecord{device_, stream_, next_sequence});
    }
}

void DeviceBooks::attacked(const char* attack, std::uint32_t reason) {
    context_.ledger->append(AttackRecord{device_, attack, reason});
}

}  // namespace frugal::swarm
