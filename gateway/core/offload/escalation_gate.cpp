// SPDX-License-Identifier: Apache-2.0
// The door of the desk: one pass over what an escalation would mean, O(log n) in what waits.
#include <algorithm>

#include "core/offload/escalation_desk.hpp"
#include "core/offload/learning_desk.hpp"

namespace frugal::core {

namespace {
constexpr auto kForgetShares = std::chrono::seconds(1);  ///< so long idle, and all begin anew
constexpr std::size_t kGroups = 1024;                    ///< all further ones are one
constexpr GroupNumber kOtherGroups = kGroups;
constexpr base::Duration kPauseOfOneDevice = std::chrono::milliseconds(100);
}  // namespace

void EscalationDesk::on_escalate(const Step& step, Device& device, Escalate&& escalate) {
    ++statistics_.received;
    const Instance instance{device.record.number, escalate.stream, escalate.sequence};
    if (is_asked_again(step, instance, escalate.task)) {
        return;
    }
    const auto patience = std::min<base::Duration>(std::chrono::milliseconds(escalate.deadline_ms),
                                                   config_.deadline_max);
    if (!is_answerable(step, device, escalate)) {
        const CloudDesk::Question question{.instance = instance,
                                           .task = escalate.task,
                                           .local_class = escalate.local_class,
                                           .deadline = step.now.instant + patience};
        if (catalogue_.edge_model(escalate.task) == nullptr &&
            goes_on(step, CloudDesk::Question(question), escalate.may_go_on, escalate.features)) {
            return;
        }
        ++statistics_.refused;
        refuse(step, instance, escalate.task);
        return;
    }
    const bool is_audit = escalate.policy_reason == PolicyReason::kAudit;
    statistics_.audits += is_audit ? 1 : 0;
    const auto priority = is_audit ? Priority::kAudit : priority_of(escalate.task);
    auto seen = observation_of(device, escalate);
    Escalation job{
        .instance = instance,
        .task = escalate.task,
        .local_class = escalate.local_class,
        .group = group_of(device),
        .place = {static_cast<std::uint8_t>(priority), step.now.instant + patience, next_order_++},
        .arrived = step.now.instant,
        .seen = std::move(seen),
        .may_go_on = escalate.may_go_on,
        .features = std::move(escalate.features)};
    if (idle_since_ && step.now.instant - *idle_since_ > kForgetShares) {
        shares_.clear();
    }
    const auto gate = judge(step, job);
    if (gate.refused) {
        turn_away(step, job, *gate.refused, gate.retry_after);
        return;
    }
    ++statistics_.admitted;
    if (share_of(job.task, device) != 0) {
        budget_.on_escalated({job.task, job.group}, instance.device);
        save_shares(step);
    }
    note_arrival(step.now.instant, job.task);
    job.charged = gate.charged;
    job.is_probe = gate.is_probe;
    idle_since_.reset();
    active_.insert(instance);
    queue_.add(std::move(job), gate.work, gate.latest);
    dispatch(step);
}

bool EscalationDesk::is_asked_again(const Step& step, const Instance& instance,
                                    std::uint32_t task) {
    if (active_.contains(instance)) {
        ++statistics_.duplicates;
        return true;
    }
    const auto found = remembered_.find(instance);
    if (found != remembered_.end()) {
        ++statistics_.duplicates;
        send(step, instance, task, found->second);
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
    return model != nullptr && escalate.features.size() <= config_.queue_bytes &&
           (model->input_bytes == 0 || model->input_bytes == escalate.features.size());
}

EscalationDesk::Gate EscalationDesk::judge(const Step& step, const Escalation& candidate) {
    Gate gate;
    gate.refused = refuse_early(step, candidate, gate);
    if (gate.refused) {
        return gate;
    }
    gate.work = times_.share(candidate.task) / std::max(usable_workers(), 1U);
    const auto wait = running_wait(step.now.instant) + queue_.tree().work_before(candidate.place);
    gate.retry_after = wait + times_.typical(candidate.task, 1);
    gate.refused = refuse_by_time(step, candidate, gate);
    if (!gate.refused) {
        gate.refused = refuse_by_share(step, candidate, wait, gate);
    }
    if (!gate.refused && !make_room(step, candidate)) {
        gate.refused = BusyCause::kFull;
    }
    if (gate.refused) {
        shares_.refund(candidate.group, candidate.instance.device, gate.charged);
    }
    return gate;
}

std::optional<BusyCause> EscalationDesk::refuse_early(const Step& step, const Escalation& candidate,
                                                      Gate& gate) const {
    const auto now = step.now.instant;
    if (const auto until = health_.down_until(candidate.task, now)) {
        gate.retry_after = *until - now;
        return BusyCause::kEdgeDown;
    }
    const bool is_tried = queue_.size_of_task(candidate.task) != 0 ||
                          std::ranges::any_of(running_, [&](const auto& entry) {
                              return entry.second.task == candidate.task && !entry.second.is_hung;
                          });
    if (usable_workers() == 0 || (health_.is_on_trial(candidate.task) && is_tried)) {
        gate.retry_after = config_.down_pause;
        return BusyCause::kEdgeDown;
    }
    if (is_stalled(now)) {
        gate.retry_after = running_wait(now);
        return BusyCause::kNoTime;
    }
    const auto device = candidate.instance.device;
    const ShareBudget::Key share{candidate.task, candidate.group};
    if (share_of(candidate.task, registry_.at(device)) != 0 &&
        !budget_.may_escalate(share, device)) {
        // Who is beyond his part only is soon within it again, if he decides often.
        const auto is_over = budget_.price(share) == LoadMeter::kStop;
        gate.retry_after = is_over ? config_.down_pause : kPauseOfOneDevice;
        return BusyCause::kBudget;
    }
    if (queue_.size_of_device(candidate.instance.device) >= config_.per_device) {
        gate.retry_after = times_.typical(candidate.task, 1) * config_.per_device;
        return BusyCause::kShare;
    }
    return std::nullopt;
}

// It must have started early enough for its own answer, and must leave everybody behind it who was
// promised one with enough time.
std::optional<BusyCause> EscalationDesk::refuse_by_time(const Step& step,
                                                        const Escalation& candidate, Gate& gate) {
    const auto now = step.now.instant;
    const auto back = returns_.allowance(candidate.instance.device, now);
    const auto typical = times_.typical(candidate.task, 1);
    const auto slow = times_.slow(candidate.task, 1);
    const auto latest_of = [&](base::Duration service) {
        return base::Instant{(candidate.place.deadline - base::Instant{}) - back - service};
    };
    gate.latest = latest_of(typical);
    const auto start = now + running_wait(now);
    if (start + queue_.tree().work_before(candidate.place) > latest_of(slow)) {
        gate.is_probe = may_probe(now, candidate.task);
        if (now + slow + config_.return_allowance > candidate.place.deadline) {
            doubt(now, candidate.task);
        }
        return gate.is_probe ? std::optional<BusyCause>() : BusyCause::kNoTime;
    }
    const auto headroom = queue_.tree().headroom_behind(candidate.place);
    if (start + gate.work + (slow - typical) > headroom) {
        return BusyCause::kNoTime;
    }
    return std::nullopt;
}

// While there is enough for everybody nobody is asked whether it is his turn, and an idle engine
// takes whoever comes. Audits are what spare time is for, so they have their turns in it as well.
std::optional<BusyCause> EscalationDesk::refuse_by_share(const Step& step,
                                                         const Escalation& candidate,
                                                         base::Duration wait, Gate& gate) {
    const auto now = step.now.instant;
    const auto tolerance =
        std::max(guard_.target(candidate.slack()), times_.slow(candidate.task, 1));
    const auto all = running_wait(now) + queue_.tree().work();
    const bool is_spare = !guard_.is_standing() && all <= tolerance;
    const bool is_contested = contested_at_ && now - *contested_at_ < config_.sojourn_interval;
    if (is_spare && !is_contested && !candidate.is_audit()) {
        return std::nullopt;
    }
    // Asked of whoever is turned away, too: who wants a share counts in its size.
    const bool has_turn = shares_.may_have(candidate.group, candidate.instance.device);
    const bool is_idle = queue_.is_empty() && running_.size() < config_.workers;
    if (candidate.is_audit() && all > tolerance) {
        return BusyCause::kStanding;
    }
    if (guard_.is_standing() && !is_idle && wait > tolerance) {
        // From now on a short queue is nobody's gift: whoever asks most often would find it first.
        contested_at_ = has_turn ? now : contested_at_;
        return BusyCause::kStanding;
    }
    if (!has_turn && !is_idle) {
        return BusyCause::kShare;
    }
    gate.charged =
        shares_.charge(candidate.group, candidate.instance.device, times_.share(candidate.task));
    return std::nullopt;
}

// An estimate that forbids every task would never be corrected: nothing runs, nothing is measured.
bool EscalationDesk::may_probe(base::Instant now, std::uint32_t task) const {
    if (!queue_.is_empty() || running_.size() >= config_.workers) {
        return false;
    }
    const auto found = last_runs_.find(task);
    return found == last_runs_.end() || now - found->second >= config_.probe_interval;
}

// Where other tasks leave no engine free for a probe.
void EscalationDesk::doubt(base::Instant now, std::uint32_t task) {
    const auto is_recent = [&](const std::map<std::uint32_t, base::Instant>& times) {
        const auto found = times.find(task);
        return found != times.end() && now - found->second < config_.probe_interval;
    };
    if (!is_recent(last_runs_) && !is_recent(doubted_)) {
        doubted_[task] = now;
        times_.doubt(task);
    }
}

std::uint32_t EscalationDesk::usable_workers() const {
    const auto workers = std::max(config_.workers, 1U);
    return workers - std::min(workers, hung_batches());
}

// What takes longer than expected is taken to be half done.
base::Duration EscalationDesk::running_wait(base::Instant now) const {
    const auto usable = usable_workers();
    if (running_.size() < config_.workers || usable == 0) {
        return base::Duration(0);
    }
    base::Duration left{0};
    for (const auto& [work, batch] : running_) {
        if (!batch.is_hung) {
            const auto elapsed = now - batch.started;
            left += elapsed < batch.expected ? batch.expected - elapsed : elapsed - batch.expected;
        }
    }
    return left / usable;
}

bool EscalationDesk::is_stalled(base::Instant now) const {
    return running_.size() >= config_.workers && usable_workers() != 0 &&
           std::ranges::all_of(running_, [now](const auto& entry) {
               const auto& batch = entry.second;
               return batch.is_hung || now - batch.started > 2 * batch.slow;
           });
}

// Within the limits, or at the cost of audits, the last ones first, if they are enough. Nothing
// else gives way: whoever was admitted otherwise was promised an answer.
bool EscalationDesk::make_room(const Step& step, const Escalation& candidate) {
    auto count = queue_.size();
    auto bytes = bytes_in_flight() + candidate.features.size();
    const auto is_too_much = [&] {
        return count >= config_.queue_limit || bytes > config_.queue_bytes;
    };
    auto last = queue_.all().rbegin();
    for (; is_too_much() && last != queue_.all().rend(); ++last) {
        if (candidate.is_audit() || !last->second.is_audit()) {
            return false;
        }
        --count;
        bytes -= last->second.features.size();
    }
    if (is_too_much()) {
        return false;
    }
    while (queue_.size() > count) {
        const auto shed = release(queue_.last_audit()->place);
        ++statistics_.audits_shed;
        turn_away(step, shed, BusyCause::kFull, times_.typical(shed.task, 1));
    }
    return true;
}

Priority EscalationDesk::priority_of(std::uint32_t task) const {
    const auto* record = catalogue_.task(task);
    return record == nullptr ? Priority::kNormal : record->priority;
}

// The smaller one of the task's and of the policy in force for the device's class.
std::uint32_t EscalationDesk::share_of(std::uint32_t task, const Device& device) const {
    const auto* record = catalogue_.task(task);
    const auto of_task = record == nullptr ? 0 : record->group_share_permille;
    const auto& capability = device.record.capability;
    const auto* policy = capability ? catalogue_.policy(task, capability->device_class) : nullptr;
    const auto of_policy = policy == nullptr ? 0 : policy->group_share_permille;
    return of_task == 0 || of_policy == 0 ? of_task + of_policy : std::min(of_task, of_policy);
}

std::uint8_t EscalationDesk::share_price(std::uint32_t task, const Device& device) const {
    const auto group = known_group(device);
    return !group || share_of(task, device) == 0 ? std::uint8_t{0} : budget_.price({task, *group});
}

std::string EscalationDesk::group_name(const Device& device) const {
    if (config_.groups_by_label) {
        return device.record.label;
    }
    return device.record.capability ? device.record.capability->device_class.text() : std::string();
}

// A label is its owner's word. A class is the device's own: the one it named first holds, or a new
// name would be a new share.
GroupNumber EscalationDesk::group_of(const Device& device) {
    if (const auto known = known_group(device)) {
        return *known;
    }
    const auto group = number_of(group_name(device));
    if (!config_.groups_by_label) {
        device_groups_.emplace(device.record.number, group);
    }
    return group;
}

GroupNumber EscalationDesk::number_of(const std::string& group) {
    const auto next = static_cast<GroupNumber>(groups_.size());
    return next < kGroups ? groups_.try_emplace(group, next).first->second : kOtherGroups;
}

std::optional<GroupNumber> EscalationDesk::known_group(const Device& device) const {
    if (!config_.groups_by_label) {
        const auto own = device_groups_.find(device.record.number);
        return own == device_groups_.end() ? std::nullopt : std::optional(own->second);
    }
    const auto named = groups_.find(group_name(device));
    return named == groups_.end() ? std::nullopt : std::optional(named->second);
}

// A pause counts no more than four of the gaps before it.
void EscalationDesk::note_arrival(base::Instant now, std::uint32_t task) {
    const auto [found, is_new] =
        arrivals_.try_emplace(task, Arrivals{now, std::chrono::seconds(1)});
    auto& arrivals = found->second;
    if (!is_new) {
        const base::Duration most = arrivals.gap * 4 + std::chrono::milliseconds(1);
        arrivals.gap = (arrivals.gap * 7 + std::min(now - arrivals.last, most)) / 8;
        arrivals.last = now;
    }
}

}  // namespace frugal::core
