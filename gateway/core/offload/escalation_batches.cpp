// SPDX-License-Identifier: Apache-2.0
// From the queue to the engines: who is next, who goes with him, and what does not go any more.
#include <algorithm>

#include "core/offload/escalation_desk.hpp"

namespace frugal::core {

namespace {
constexpr auto kGatherMax = std::chrono::milliseconds(2);
constexpr Place kFront{0, base::Instant{base::Duration::min()}, 0};
}  // namespace

void EscalationDesk::dispatch(const Step& step) {
    gathering_until_.reset();
    withdraw_hopeless(step);
    drop_standing_audits(step);
    while (running_.size() < config_.workers && !queue_.is_empty()) {
        const auto batch = gather(step, next_head(step));
        if (const auto until = worth_waiting(step, batch)) {
            gathering_until_ = until;
            return;
        }
        note_waits(step.now.instant);
        start(step, batch);
    }
    if (!queue_.is_empty()) {
        return;
    }
    guard_.on_empty();
    if (running_.size() == hung_batches()) {
        meter_.on_idle();
        idle_since_ = step.now.instant;
    }
}

// Of every class by itself: an urgent task that hardly waited says nothing of the others. Audits
// are there to wait, unless nothing else does.
void EscalationDesk::note_waits(base::Instant now) {
    const auto* audit = queue_.oldest(Priority::kAudit);
    const bool has_tasks = audit == nullptr || !queue_.first().is_audit();
    const auto waits_too_long = [&](const Escalation* job) {
        return job != nullptr && now - job->arrived >= guard_.target(job->slack());
    };
    bool is_above = !has_tasks && waits_too_long(audit);
    for (const auto priority : {Priority::kUrgent, Priority::kNormal, Priority::kBackground}) {
        is_above = is_above || waits_too_long(queue_.oldest(priority));
    }
    guard_.on_start(now, is_above);
}

// The engines became slower than what was promised by: better told now than too late.
void EscalationDesk::withdraw_hopeless(const Step& step) {
    const auto start = step.now.instant + running_wait(step.now.instant);
    while (const auto* entry = queue_.tree().hopeless(
               base::Instant{start.since_start - config_.return_allowance})) {
        const auto lost = release(entry->place);
        ++statistics_.withdrawn;
        turn_away(step, lost, BusyCause::kNoTime, times_.typical(lost.task, 1));
    }
}

void EscalationDesk::withdraw_task(const Step& step, std::uint32_t task,
                                   base::Duration retry_after) {
    while (queue_.size_of_task(task) != 0) {
        const auto lost = release(*queue_.places_of_task(task).begin());
        ++statistics_.withdrawn;
        turn_away(step, lost, BusyCause::kEdgeDown, retry_after);
    }
}

void EscalationDesk::drop_standing_audits(const Step& step) {
    while (queue_.last_audit() != nullptr && guard_.takes_drop(step.now.instant)) {
        const auto shed = release(queue_.last_audit()->place);
        ++statistics_.audits_shed;
        turn_away(step, shed, BusyCause::kStanding, times_.typical(shed.task, 1));
    }
}

Escalation EscalationDesk::release(const Place& place) {
    auto job = queue_.take(place);
    active_.erase(job.instance);
    shares_.refund(job.group, job.instance.device, job.charged);
    return job;
}

void EscalationDesk::drop_expired(const Step& step) {
    while (const auto* lost = queue_.expired(step.now.instant)) {
        release(lost->place);
        ++statistics_.expired;
    }
}

// While the queue stands the newest goes first, as long as nobody who was promised an answer loses
// it by that: the oldest have waited in vain for being quick.
const Escalation& EscalationDesk::next_head(const Step& step) const {
    const auto& first = queue_.first();
    if (!guard_.is_standing()) {
        return first;
    }
    const auto& newest = queue_.newest();
    const auto work = times_.slow(newest.task, 1);
    return step.now.instant + work <= queue_.tree().headroom_behind(kFront) ? newest : first;
}

std::vector<Place> EscalationDesk::gather(const Step& step, const Escalation& head) const {
    std::vector<Place> batch = {head.place};
    const auto size = std::min<std::size_t>(times_.best_size(head.task), config_.batch_max);
    if (size <= 1 || head.is_probe) {
        return batch;
    }
    auto earliest = head.place.deadline;
    for (const auto& place : queue_.places_of_task(head.task)) {
        if (batch.size() >= size) {
            break;
        }
        const auto& job = queue_.at(place);
        const auto next = static_cast<std::uint32_t>(batch.size() + 1);
        const auto finish = step.now.instant + times_.slow(head.task, next) +
                            returns_.allowance(job.instance.device, step.now.instant);
        if (place == head.place || !may_join(step, job, next)) {
            continue;
        }
        if (finish > std::min(earliest, place.deadline)) {
            break;
        }
        earliest = std::min(earliest, place.deadline);
        batch.push_back(place);
    }
    return batch;
}

// Others' tasks wait longer by a larger batch: only as long as they can, and never for an audit.
bool EscalationDesk::may_join(const Step& step, const Escalation& job, std::uint32_t size) const {
    if (queue_.tasks() <= 1) {
        return true;
    }
    if (job.is_audit() && !queue_.first().is_audit()) {
        return false;
    }
    return step.now.instant + times_.slow(job.task, size) <= queue_.tree().headroom_behind(kFront);
}

// An idle engine waits only if one more in the batch saves more of its time than the waiting costs,
// and only for tasks like those at hand.
std::optional<base::Instant> EscalationDesk::worth_waiting(const Step& step,
                                                           const std::vector<Place>& batch) const {
    const auto task = queue_.at(batch.front()).task;
    const auto size = static_cast<std::uint32_t>(batch.size());
    if (queue_.tasks() > 1 || size >= std::min(times_.best_size(task), config_.batch_max)) {
        return std::nullopt;
    }
    const auto saved =
        times_.typical(task, size) + times_.typical(task, 1) - times_.typical(task, size + 1);
    const auto arrivals = arrivals_.find(task);
    if (arrivals == arrivals_.end() || saved <= arrivals->second.gap) {
        return std::nullopt;
    }
    auto until = DeadlineTree::kNever;
    for (const auto& place : batch) {
        const auto& job = queue_.at(place);
        const auto waited = job.arrived + std::min<base::Duration>(kGatherMax, job.slack() / 4);
        const auto latest = base::Instant{
            place.deadline.since_start - returns_.allowance(job.instance.device, step.now.instant) -
            times_.slow(task, size + 1)};
        until = std::min({until, waited, latest});
    }
    return until > step.now.instant ? std::optional(until) : std::nullopt;
}

void EscalationDesk::start(const Step& step, const std::vector<Place>& places) {
    const auto now = step.now.instant;
    const auto task = queue_.at(places.front()).task;
    Infer infer{.work = works_.next(),
                .task = task,
                .edge_model = catalogue_.edge_model(task)->digest,
                .deadline = places.front().deadline};
    Batch batch{.task = task, .edge_model = infer.edge_model, .started = now};
    for (const auto& place : places) {
        if (!queue_.at(place).is_probe && now + times_.typical(task, 1) > place.deadline) {
            // The device's local answer will stand before ours is ready.
            release(place);
            ++statistics_.expired;
            continue;
        }
        auto job = queue_.take(place);
        meter_.on_start(now, now - job.arrived);
        batch.bytes += job.features.size();
        infer.deadline = std::min(infer.deadline, place.deadline);
        job.seen.edge_model = infer.edge_model;
        infer.inputs.push_back(std::move(job.features));
        infer.doubt_below.push_back(job.may_go_on ? cloud_.doubt_below(task) : 0);
        batch.jobs.push_back(std::move(job));
    }
    if (batch.jobs.empty()) {
        return;
    }
    batch.size = static_cast<std::uint32_t>(batch.jobs.size());
    batch.expected = times_.typical(task, batch.size);
    batch.slow = times_.slow(task, batch.size);
    batch.looked_at = now + 2 * batch.slow;
    batch.overdue = now + std::max(config_.hang_after, 8 * batch.slow);
    running_bytes_ += batch.bytes;
    ++statistics_.batches;
    statistics_.largest_batch = std::max(statistics_.largest_batch, batch.size);
    if (std::ranges::all_of(infer.doubt_below, [](auto below) { return below == 0; })) {
        infer.doubt_below.clear();  // nothing of it is wanted back
    }
    const auto work = infer.work;
    step.immediately(std::move(infer));
    running_.emplace(work, std::move(batch));
}

std::uint32_t EscalationDesk::hung_batches() const {
    return static_cast<std::uint32_t>(
        std::ranges::count_if(running_, [](const auto& entry) { return entry.second.is_hung; }));
}

// Its engine may still come back; until then those who wait for it are told, and with no engine
// left so is everybody else.
void EscalationDesk::note_hung(const Step& step) {
    for (auto& [work, batch] : running_) {
        if (batch.is_hung || step.now.instant < batch.overdue) {
            continue;
        }
        batch.is_hung = true;
        ++statistics_.hung;
        health_.on_hang(batch.task, batch.started, step.now.instant);
        journal_.log(step, LogEvent::kInferenceHung, {{"task", std::to_string(batch.task)}});
        for (const auto& job : batch.jobs) {
            active_.erase(job.instance);
            shares_.refund(job.group, job.instance.device, job.charged);
            if (step.now.instant < job.place.deadline) {
                ++statistics_.withdrawn;
                turn_away(step, job, BusyCause::kEdgeDown, config_.down_pause);
            } else {
                ++statistics_.expired;
            }
        }
        batch.jobs.clear();
        withdraw_task(step, batch.task, config_.down_pause);
    }
    if (usable_workers() != 0) {
        return;
    }
    while (!queue_.is_empty()) {
        const auto lost = release(queue_.first().place);
        ++statistics_.withdrawn;
        turn_away(step, lost, BusyCause::kEdgeDown, config_.down_pause);
    }
}

void EscalationDesk::forget(DeviceNumber device) {
    std::vector<Place> places;
    for (const auto& [place, job] : queue_.all()) {
        if (job.instance.device == device) {
            places.push_back(place);
        }
    }
    for (const auto& place : places) {
        release(place);
        ++statistics_.withdrawn;
    }
    returns_.forget(device);
}

void EscalationDesk::expel(const Step& step, DeviceNumber device) {
    forget(device);
    budget_.forget(device);
    device_groups_.erase(device);
    save_shares(step);
}

void EscalationDesk::on_time(const Step& step) {
    for (const auto& settled : cloud_.on_time(step)) {
        settle(step, settled);
    }
    meter_.on_time(step.now.instant);
    drop_expired(step);
    note_hung(step);
    for (auto& [work, batch] : running_) {
        if (batch.looked_at <= step.now.instant) {
            // Ever more rarely, the longer it takes.
            batch.looked_at =
                step.now.instant + std::max<base::Duration>(step.now.instant - batch.started,
                                                            std::chrono::milliseconds(1));
        }
    }
    if (queue_.is_empty()) {
        gathering_until_.reset();
    } else {
        dispatch(step);
    }
}

std::optional<base::Instant> EscalationDesk::next_deadline() const {
    auto next = queue_.earliest_deadline();
    const auto sooner = [&next](base::Instant instant) {
        next = next ? std::min(*next, instant) : instant;
    };
    if (const auto beyond = cloud_.next_deadline()) {
        sooner(*beyond);
    }
    if (gathering_until_) {
        sooner(*gathering_until_);
    }
    for (const auto& [work, batch] : running_) {
        if (!batch.is_hung) {
            sooner(queue_.is_empty() ? batch.overdue : std::min(batch.overdue, batch.looked_at));
        }
    }
    return next;
}

}  // namespace frugal::core
