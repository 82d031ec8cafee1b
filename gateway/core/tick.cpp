// SPDX-License-Identifier: Apache-2.0
#include "core/tick.hpp"

#include "base/assert.hpp"
#include "base/fault_point.hpp"

namespace frugal::core {

namespace {

// A message of decisions, its stream row and what it may set off.
constexpr std::size_t kRowsOfOneMessage = kDecisionBatchMax + 2;

bool is_decisions(const Event& event) {
    const auto* message = std::get_if<DeviceMessage>(&event);
    return message != nullptr && std::holds_alternative<Decisions>(message->message);
}

}  // namespace

Tick::Tick(Snapshot snapshot, const CoreConfig& config)
    : core_(std::move(snapshot), config), config_(config.tick) {
    gathering_.row_limit = config_.batch_rows;
}

TickOutput Tick::boot(base::Now now, const std::optional<base::Error>& given_up) {
    core_.boot(now, gathering_, given_up);
    return finish(now);
}

TickOutput Tick::step(std::vector<Event> events, base::Now now) {
    if (is_spent_) {
        return {};
    }
    base::fault_point("tick.step");
    for (auto& event : events) {
        accept(std::move(event), now);
    }
    core_.on_time(now, gathering_);
    base::fault_point("tick.stepped");
    return finish(now);
}

// Decisions wait for the next batch when this one is full; everything else is served at once.
void Tick::accept(Event&& event, base::Now now) {
    const bool may_wait = parked_.size() < config_.parked_messages;
    const bool must_wait = !parked_.empty() || !gathering_.has_room(kRowsOfOneMessage);
    if (is_decisions(event) && must_wait && may_wait) {
        parked_.push_back(std::move(event));
    } else {
        core_.handle(std::move(event), now, gathering_);
    }
}

void Tick::drain_parked(base::Now now) {
    while (!parked_.empty() && gathering_.has_room(kRowsOfOneMessage)) {
        core_.handle(std::move(parked_.front()), now, gathering_);
        parked_.pop_front();
    }
}

TickOutput Tick::on_commit(std::uint64_t id, const base::Result<void>& result, base::Now now) {
    if (is_spent_) {
        return {};
    }
    FRUGAL_ASSERT(in_flight_ && in_flight_->id == id);
    if (!result) {
        // What became of the batch is unknown: nothing that depends on it may leave, and nothing
        // that was decided in its light either.
        is_spent_ = true;
        in_flight_.reset();
        gathering_ = {};
        parked_.clear();
        return {};
    }
    base::fault_point("tick.committed");
    auto released = std::move(in_flight_->after_commit);
    in_flight_.reset();
    drain_parked(now);
    auto output = finish(now);
    // In the order they were wished: first what this commit made true.
    for (auto& effect : output.effects) {
        released.push_back(std::move(effect));
    }
    output.effects = std::move(released);
    base::fault_point("tick.release");
    return output;
}

// Hands out what may happen now, and the batch if the disk is free.
TickOutput Tick::finish(base::Now now) {
    TickOutput output;
    if (!in_flight_) {
        output.commit = seal(now);
    }
    output.effects.insert(output.effects.begin(),
                          std::make_move_iterator(gathering_.immediate.begin()),
                          std::make_move_iterator(gathering_.immediate.end()));
    gathering_.immediate.clear();
    if (!in_flight_) {
        // Nothing was written since the last commit: nothing to wait for.
        for (auto& effect : gathering_.after_commit) {
            output.effects.push_back(std::move(effect));
        }
        gathering_.after_commit.clear();
    }
    return output;
}

std::optional<CommitRequest> Tick::seal(base::Now now) {
    base::fault_point("tick.seal");
    core_.seal(now, gathering_);
    if (gathering_.writes.empty()) {
        return std::nullopt;
    }
    const CommitRequest request{next_id_++,
                                std::make_shared<const WriteBatch>(std::move(gathering_.writes))};
    in_flight_ = InFlight{request.id, std::move(gathering_.after_commit)};
    gathering_.writes = {};
    gathering_.after_commit.clear();
    drain_parked(now);
    base::fault_point("tick.sealed");
    return request;
}

std::optional<base::Instant> Tick::next_deadline() const {
    return is_spent_ ? std::nullopt : core_.next_deadline();
}

}  // namespace frugal::core
