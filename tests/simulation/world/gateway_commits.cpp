// SPDX-License-Identifier: Apache-2.0
// What the core asks to be stored, when that is done, and what is done about a bad disk.
#include "simulation/world/gateway_host.hpp"

#include <fmt/format.h>

namespace frugal::simulation {

using std::chrono::milliseconds;

void GatewayHost::plan_commit(core::CommitRequest request) {
    if (context_.options.plant == Plant::kAckBeforeCommit) {
        play_planted_commit(request);
        return;
    }
    const auto span = static_cast<std::uint64_t>(context_.options.commit_latency_max.count()) + 1;
    later(base::Duration(100 + static_cast<std::int64_t>(rng_.below(span))),
          [this, request = std::move(request)] { commit(request); });
}

/// Planted: what waits for the commit is released before it.
void GatewayHost::play_planted_commit(const core::CommitRequest& request) {
    later(milliseconds(1), [this, request] {
        perform(tick_->on_commit(request.id, {}, now()));
        later(milliseconds(100), [this, request] {
            (void)database_->commit(*request.batch);
            context_.tell([&](Checker& checker) { checker.on_committed(*request.batch); });
        });
    });
}

void GatewayHost::commit(const core::CommitRequest& request) {
    if (crash_point_ == CrashPoint::kBeforeCommit) {
        context_.trace.fault("crash before a commit");
        die(rng_.chance(0.5));
        return;
    }
    auto outcome = database_->commit(planted(*request.batch));
    if (disk_.take_crashed()) {
        context_.trace.fault("crash inside a commit");
        context_.trace.note("gateway loses power inside a commit");
        shut();
        plan_restart();
        return;
    }
    context_.trace.note(fmt::format("commit {} rows {} {}", request.id, request.batch->rows(),
                                    outcome ? "done" : "failed"));
    if (outcome) {
        has_committed_ = true;
        store_twice(*request.batch);
        note_staged(*request.batch);
        context_.tell([&](Checker& checker) { checker.on_committed(*request.batch); });
    }
    if (!outcome && crash_point_ == CrashPoint::kAfterFailedCommit) {
        context_.trace.fault("killed after a failed commit");
        die(false);
        return;
    }
    if (crash_point_ == CrashPoint::kAfterCommit) {
        context_.trace.fault("crash after a commit");
        die(rng_.chance(0.5));
        return;
    }
    later(base::Duration(rng_.below(2000)),
          [this, id = request.id, outcome = std::move(outcome)] { on_commit(id, outcome); });
}

/// Planted: the gap ledger forgets.
core::WriteBatch GatewayHost::planted(const core::WriteBatch& batch) const {
    auto copy = batch;
    if (context_.options.plant == Plant::kUndeclaredDrops) {
        std::erase_if(copy.records, [](const core::Write& record) {
            return std::holds_alternative<core::GapRecord>(record);
        });
    }
    spoil_encodings(copy);
    return copy;
}

/// Planted: of encodings that come late the bytes are forgotten, or two variants are mixed up.
void GatewayHost::spoil_encodings(core::WriteBatch& batch) const {
    bool has_late = false;
    for (auto& record : batch.records) {
        if (auto* added = std::get_if<core::ArtifactAdded>(&record)) {
            has_late = true;
            if (context_.options.plant == Plant::kMixedEncodings) {
                added->variant = 1 - added->variant;
            }
        }
    }
    if (has_late && context_.options.plant == Plant::kForgottenBytes) {
        std::erase_if(batch.records, [](const core::Write& record) {
            return std::holds_alternative<core::BlobRecord>(record);
        });
    }
}

void GatewayHost::store_twice(const core::WriteBatch& batch) {
    if (context_.options.plant == Plant::kStoreTwice) {
        core::WriteBatch again;
        again.decisions = batch.decisions;
        again.decision_rows = batch.decision_rows;
        (void)database_->commit(again);
    }
    if (context_.options.plant == Plant::kForeignRows && !batch.decisions.empty()) {
        core::WriteBatch moved;
        moved.streams = batch.streams;
        for (auto& stream : moved.streams) {
            stream.device = core::DeviceNumber{0};
        }
        (void)database_->commit(moved);
    }
}

void GatewayHost::on_commit(std::uint64_t id, const base::Result<void>& outcome) {
    auto output = tick_->on_commit(id, outcome, now());
    if (outcome) {
        perform(std::move(output));
        return;
    }
    recover_storage();
}

// A failed commit's outcome is unknown: nothing is retried, everything is read again.
void GatewayHost::recover_storage() {
    was_unknown_ = true;
    tick_.reset();
    database_.reset();  // in earnest; the reader stays until it is replaced, as in the daemon
    events_.clear();
    ++generation_;
    fail_requests();
    // One that could not even commit its start would only fail again.
    const base::Duration wait = has_committed_ ? milliseconds(5) : milliseconds(1000);
    context_.timeline.after(wait, [this, generation = generation_] {
        if (generation == generation_ && !tick_) {
            open();
        }
    });
}

}  // namespace frugal::simulation
