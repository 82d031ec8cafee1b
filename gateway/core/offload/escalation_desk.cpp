// SPDX-License-Identifier: Apache-2.0
#include "core/offload/escalation_desk.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "core/offload/learning_desk.hpp"

namespace frugal::core {

namespace {

using std::chrono::milliseconds;

// Weight 1/8 for the new value, in integers.
base::Duration blend(base::Duration average, base::Duration value) {
    return (average * 7 + value) / 8;
}

std::uint32_t whole_milliseconds(base::Duration duration) {
    const auto rounded = std::chrono::ceil<milliseconds>(duration).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(rounded, 1, 60'000));
}

}  // namespace

void EscalationDesk::on_escalate(const Step& step, Device& device, Escalate&& escalate) {
    ++statistics_.received;
    const Instance instance{device.record.number, escalate.stream, escalate.sequence};
    if (is_asked_again(step, instance)) {
        return;
    }
    const auto patience =
        std::min<base::Duration>(milliseconds(escalate.deadline_ms), config_.deadline_max);
    if (!is_answerable(step, device, escalate)) {
        if (catalogue_.edge_model(escalate.task) == nullptr &&
            goes_on(step,
                    {.instance = instance,
                     .task = escalate.task,
                     .local_class = escalate.local_class,
                     .deadline = step.now.instant + patience},
                    escalate.may_go_on, escalate.features)) {
            return;
        }
        ++statistics_.refused;
        turn_away(step, instance, VerdictStatus::kRefused, {});
        return;
    }
    const bool is_audit = escalate.policy_reason == PolicyReason::kAudit;
    statistics_.audits += is_audit ? 1 : 0;
    const Place place{is_audit, step.now.instant + patience, next_order_++};
    const auto wait = wait_before(place);
    const auto finish =
        step.now.instant + wait + service_time(escalate.task) + config_.return_allowance;
    const bool is_probe = finish > place.deadline && may_probe(step, escalate.task);
    if ((finish > place.deadline && !is_probe) || is_over_share(device.record.number) ||
        !make_room(step, place, escalate.features.size())) {
        ++statistics_.busy;
        turn_away(step, instance, VerdictStatus::kBusy, wait + service_time(escalate.task));
        return;
    }
    auto seen = observation_of(device, escalate);
    enqueue(place, Job{.instance = instance,
                       .task = escalate.task,
                       .local_class = escalate.local_class,
                       .deadline = place.deadline,
                       .arrived = step.now.instant,
                       .seen = std::move(seen),
                       .is_probe = is_probe,
                       .may_go_on = escalate.may_go_on,
                       .features = std::move(escalate.features)});
    dispatch(step);
}

bool EscalationDesk::is_asked_again(const Step& step, const Instance& instance) {
    if (active_.contains(instance)) {
        ++statistics_.duplicates;
        return true;
    }
    const auto found = remembered_.find(instance);
    if (found != remembered_.end()) {
        ++statistics_.duplicates;
        send(step, instance, found->second);
        return true;
    }
    return false;
}

bool EscalationDesk::is_answerable(const Step& step, Device& device, const Escalate& escalate) {
    const auto* task = catalogue_.task(escalate.task);
    if (task != nullptr && task->privacy == TaskPrivacy::kNever) {
        journal_.incident(step, device, IncidentKind::kPrivateInput,
                          "input of private task " + std::to_string(escalate.task));
        return false;
    }
    const auto* model = catalogue_.edge_model(escalate.task);
    return model != nullptr &&
           (model->input_bytes == 0 || model->input_bytes == escalate.features.size());
}

bool EscalationDesk::is_over_share(DeviceNumber device) const {
    const auto found = queued_by_device_.find(device);
    return found != queued_by_device_.end() && found->second >= config_.per_device;
}

base::Duration EscalationDesk::service_time(std::uint32_t task) const {
    const auto found = service_times_.find(task);
    return found == service_times_.end() ? config_.first_service_time : found->second;
}

// An estimate that forbids every task would never be corrected: nothing runs, nothing is measured.
bool EscalationDesk::may_probe(const Step& step, std::uint32_t task) const {
    if (!queue_.empty() || !running_.empty()) {
        return false;
    }
    const auto found = last_runs_.find(task);
    return found == last_runs_.end() || step.now.instant - found->second >= config_.probe_interval;
}

// How long the workers are busy with what comes before this place.
base::Duration EscalationDesk::wait_before(const Place& place) const {
    base::Duration work{0};
    for (const auto& [id, job] : running_) {
        work += service_time(job.task);
    }
    for (const auto& [before, job] : queue_) {
        if (place < before) {
            break;
        }
        work += service_time(job.task);
    }
    return work / std::max<std::uint32_t>(config_.workers, 1);
}

// Within the limits, or at the cost of a place behind this one.
bool EscalationDesk::make_room(const Step& step, const Place& place, std::size_t bytes) {
    while (queue_.size() >= config_.queue_limit || queued_bytes_ + bytes > config_.queue_bytes) {
        // Only an audit gives way: whoever was admitted otherwise was promised an answer.
        if (queue_.empty() || place.is_audit || !queue_.rbegin()->first.is_audit) {
            return false;
        }
        const auto shed = take(std::prev(queue_.end()));
        active_.erase(shed.instance);
        ++statistics_.busy;
        turn_away(step, shed.instance, VerdictStatus::kBusy, wait_before(place));
    }
    return true;
}

void EscalationDesk::enqueue(const Place& place, Job&& job) {
    queued_bytes_ += job.features.size();
    ++queued_by_device_[job.instance.device];
    active_.insert(job.instance);
    queue_.emplace(place, std::move(job));
}

EscalationDesk::Job EscalationDesk::take(std::map<Place, Job>::iterator position) {
    Job job = std::move(position->second);
    queue_.erase(position);
    queued_bytes_ -= job.features.size();
    const auto share = queued_by_device_.find(job.instance.device);
    if (--share->second == 0) {
        queued_by_device_.erase(share);
    }
    return job;
}

void EscalationDesk::dispatch(const Step& step) {
    while (running_.size() < config_.workers && !queue_.empty()) {
        auto job = take(queue_.begin());
        if (!job.is_probe && step.now.instant + service_time(job.task) > job.deadline) {
            // The device's local answer stands already, or will before ours is ready.
            ++statistics_.expired;
            active_.erase(job.instance);
            continue;
        }
        const auto* model = catalogue_.edge_model(job.task);
        sojourn_ = blend(sojourn_, step.now.instant - job.arrived);
        const auto work = works_.next();
        job.seen.edge_model = model->digest;
        Infer infer{
            .work = work, .task = job.task, .edge_model = model->digest, .deadline = job.deadline};
        infer.inputs.push_back(std::move(job.features));
        if (job.may_go_on) {
            infer.doubt_below.push_back(cloud_.doubt_below(job.task));
        }
        step.immediately(std::move(infer));
        running_.emplace(work, std::move(job));
    }
    if (queue_.empty() && running_.empty()) {
        sojourn_ = {};
    }
}

void EscalationDesk::on_inference(const Step& step, InferenceDone&& done) {
    const auto found = running_.find(done.work);
    if (found == running_.end()) {
        return;
    }
    const auto job = std::move(found->second);
    running_.erase(found);
    active_.erase(job.instance);
    last_runs_[job.task] = step.now.instant;
    FRUGAL_ASSERT(done.answers.size() == 1);
    const auto& answered = done.answers.front();
    if (answered) {
        learn(job, done.service_time);
        observe(step, job, *answered);
    }
    CloudDesk::Question question{.instance = job.instance,
                                 .task = job.task,
                                 .local_class = job.local_class,
                                 .deadline = job.deadline};
    if (answered) {
        question.edge = *answered;
    }
    if (!done.doubted.empty() &&
        goes_on(step, std::move(question), job.may_go_on, done.doubted.front())) {
        dispatch(step);
        return;
    }
    if (!answered) {
        ++statistics_.failed;
        journal_.log(step, LogEvent::kInferenceFailed,
                     {{"task", std::to_string(job.task)}, {"error", answered.error().describe()}});
        turn_away(step, job.instance, VerdictStatus::kRefused, {});
    } else {
        answer(step, job, *answered);
    }
    dispatch(step);
}

void EscalationDesk::learn(const Job& job, base::Duration measured) {
    const auto known = service_time(job.task);
    if (job.is_probe && measured < known) {
        service_times_[job.task] = measured;  // what it tested has been refuted
        return;
    }
    // One stall of the machine must not make the desk turn everybody away.
    service_times_[job.task] = blend(known, std::min(measured, 4 * known));
}

void EscalationDesk::answer(const Step& step, const Job& job, const EdgeAnswer& edge) {
    CloudDesk::Settled settled;
    settled.question.instance = job.instance;
    settled.question.task = job.task;
    settled.question.local_class = job.local_class;
    settled.question.deadline = job.deadline;
    settled.answer = edge;
    settled.tier = Tier::kEdge;
    settle(step, settled);
}

// Late answers are evidence too.
void EscalationDesk::observe(const Step& step, const Job& job, const EdgeAnswer& edge) {
    auto record = job.seen;
    record.edge_class = edge.class_id;
    record.edge_chance = edge.confidence;
    record.local_chance =
        job.local_class < edge.chances.size() ? edge.chances[job.local_class] : std::uint8_t{0};
    record.is_in_time = step.now.instant <= job.deadline;
    record.price = price();
    record.load = load();
    tell_observation(step, registry_.at(job.instance.device), std::move(record));
}

void EscalationDesk::turn_away(const Step& step, const Instance& instance, VerdictStatus status,
                               base::Duration retry_after) {
    Verdict verdict{.stream = instance.stream, .sequence = instance.sequence, .status = status};
    if (status == VerdictStatus::kBusy) {
        verdict.retry_after_ms = whole_milliseconds(retry_after);
    }
    send(step, instance, verdict);
}

void EscalationDesk::remember(const Instance& instance, const Verdict& verdict) {
    if (config_.remembered == 0) {
        return;
    }
    if (remembered_order_.size() >= config_.remembered) {
        remembered_.erase(remembered_order_.front());
        remembered_order_.pop_front();
    }
    remembered_.insert_or_assign(instance, verdict);
    remembered_order_.push_back(instance);
}

void EscalationDesk::send(const Step& step, const Instance& instance, const Verdict& verdict) {
    const auto& device = registry_.at(instance.device);
    if (device.record.state != DeviceState::kEnrolled) {
        return;
    }
    auto message = verdict;
    message.price = price();
    message.load = load();
    step.immediately(Send{device.record.id, message});
}

void EscalationDesk::forget(DeviceNumber device) {
    for (auto position = queue_.begin(); position != queue_.end();) {
        const auto next = std::next(position);
        if (position->second.instance.device == device) {
            active_.erase(take(position).instance);
        }
        position = next;
    }
}

void EscalationDesk::on_time(const Step& step) {
    for (const auto& settled : cloud_.on_time(step)) {
        settle(step, settled);
    }
    // Deadlines rise within each priority; expired work is at the front of one of them.
    for (auto position = queue_.begin(); position != queue_.end();) {
        const auto next = std::next(position);
        if (position->first.deadline <= step.now.instant) {
            ++statistics_.expired;
            active_.erase(take(position).instance);
        }
        position = next;
    }
}

std::optional<base::Instant> EscalationDesk::next_deadline() const {
    const auto beyond = cloud_.next_deadline();
    if (queue_.empty()) {
        return beyond;
    }
    auto next = queue_.begin()->first.deadline;
    const auto first_audit =
        queue_.lower_bound(Place{.is_audit = true, .deadline = {}, .order = 0});
    if (first_audit != queue_.end()) {
        next = std::min(next, first_audit->first.deadline);
    }
    return beyond ? std::min(next, *beyond) : next;
}

std::uint8_t EscalationDesk::load() const {
    const auto q8 = [](std::int64_t part, std::int64_t whole) {
        return whole <= 0 ? 255 : std::min<std::int64_t>(255, part * 255 / whole);
    };
    const auto depth = q8(static_cast<std::int64_t>(queue_.size()), config_.queue_limit);
    const auto delay = q8(sojourn_.count(), (config_.sojourn_target * 2).count());
    return static_cast<std::uint8_t>(std::max(depth, delay));
}

// Nothing below half load, then up to the highest: devices add it to what an escalation costs them.
std::uint8_t EscalationDesk::price() const {
    const auto now = load();
    return now < 128 ? 0 : static_cast<std::uint8_t>((now - 128) * 2 + 1);
}

EscalationStatistics EscalationDesk::statistics() const {
    auto statistics = statistics_;
    statistics.queued = static_cast<std::uint32_t>(queue_.size());
    statistics.running = static_cast<std::uint32_t>(running_.size());
    statistics.queued_bytes = queued_bytes_;
    statistics.load = load();
    statistics.price = price();
    statistics.service_time = service_times_;
    statistics.cloud = cloud_.statistics();
    return statistics;
}

}  // namespace frugal::core
