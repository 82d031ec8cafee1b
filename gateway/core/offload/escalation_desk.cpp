// SPDX-License-Identifier: Apache-2.0
// What comes back from the engines and from the devices, and what they are told.
#include "core/offload/escalation_desk.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "core/offload/learning_desk.hpp"

namespace frugal::core {

namespace {

using std::chrono::milliseconds;

std::uint32_t whole_milliseconds(base::Duration duration) {
    const auto rounded = std::chrono::ceil<milliseconds>(duration).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(rounded, 1, 60'000));
}

// Up to a quarter longer, by who asks: those turned away together shall not come back together.
base::Duration spread(base::Duration wait, const Instance& instance) {
    const auto mixed = (static_cast<std::uint64_t>(instance.device) * 0x9E3779B97F4A7C15ULL) ^
                       (instance.sequence * 0xBF58476D1CE4E5B9ULL);
    return wait + wait * static_cast<std::int64_t>(mixed >> 56) / 1024;
}

}  // namespace

EscalationDesk::EscalationDesk(Registry& registry, Catalogue& catalogue, Journal& journal,
                               WorkNumbers& works, const OffloadConfig& config,
                               const CloudConfig& cloud)
    : registry_(registry),
      catalogue_(catalogue),
      journal_(journal),
      works_(works),
      config_(config),
      times_(config.first_service_time, config.batch_max),
      returns_(config.return_allowance),
      shares_(config.share_quantum),
      guard_(config.sojourn_target, config.sojourn_interval),
      health_(config.down_failures, config.down_pause, config.down_pause_max),
      meter_(config.load_sojourn),
      cloud_(works, cloud) {}

void EscalationDesk::on_inference(const Step& step, InferenceDone&& done) {
    const auto found = running_.find(done.work);
    if (found == running_.end()) {
        return;
    }
    const auto batch = std::move(found->second);
    running_.erase(found);
    running_bytes_ -= batch.bytes;
    last_runs_[batch.task] = step.now.instant;
    FRUGAL_ASSERT(batch.is_hung || done.answers.size() == batch.jobs.size());
    const auto failed = std::ranges::find_if(done.answers, [](const auto& one) { return !one; });
    if (failed != done.answers.end()) {
        journal_.log(step, LogEvent::kInferenceFailed,
                     {{"task", std::to_string(batch.task)}, {"error", failed->error().describe()}});
    }
    learn(step, batch, failed != done.answers.end());
    for (std::size_t i = 0; i < batch.jobs.size(); ++i) {
        active_.erase(batch.jobs[i].instance);
        settle_job(step, batch.jobs[i], done.answers[i],
                   i < done.doubted.size() ? &done.doubted[i] : nullptr);
    }
    dispatch(step);
}

// The edge's answer, or a question to a server beyond the site.
void EscalationDesk::settle_job(const Step& step, const Escalation& job,
                                const base::Result<EdgeAnswer>& answer, Features* doubted) {
    CloudDesk::Settled settled;
    settled.question.instance = job.instance;
    settled.question.task = job.task;
    settled.question.local_class = job.local_class;
    settled.question.deadline = job.place.deadline;
    settled.tier = Tier::kEdge;
    if (answer) {
        observe(step, job, *answer);
        settled.question.edge = *answer;
    }
    if (doubted != nullptr &&
        goes_on(step, CloudDesk::Question(settled.question), job.may_go_on, *doubted)) {
        return;
    }
    if (!answer) {
        ++statistics_.failed;
        refuse(step, job.instance, job.task);
        return;
    }
    settled.answer = *answer;
    settle(step, settled);
}

void EscalationDesk::learn(const Step& step, const Batch& batch, bool has_failed) {
    const auto now = step.now.instant;
    // From the start to the answer: what an engine is really taken for, way there and back
    // included.
    const auto took = now - batch.started;
    for (const auto& job : batch.jobs) {
        shares_.done(job.group, took / batch.size);
    }
    const auto* model = catalogue_.edge_model(batch.task);
    if (model == nullptr || model->digest != batch.edge_model) {
        return;
    }
    if (!has_failed) {
        health_.on_success(batch.task);
        const bool is_probe = batch.jobs.size() == 1 && batch.jobs.front().is_probe;
        times_.add(batch.task, batch.size, took, is_probe);
        return;
    }
    health_.on_failure(batch.task, batch.started, now);
    if (const auto until = health_.down_until(batch.task, now)) {
        withdraw_task(step, batch.task, *until - now);
    }
}

// Late answers are evidence too.
void EscalationDesk::observe(const Step& step, const Escalation& job, const EdgeAnswer& edge) {
    auto record = job.seen;
    record.edge_class = edge.class_id;
    record.edge_chance = edge.confidence;
    record.local_chance =
        job.local_class < edge.chances.size() ? edge.chances[job.local_class] : std::uint8_t{0};
    record.is_in_time = step.now.instant <= job.place.deadline;
    const auto& device = registry_.at(job.instance.device);
    const auto terms = terms_of(job.task, device, step.now.instant);
    record.price = terms.price;
    record.load = terms.load;
    tell_observation(step, device, catalogue_, std::move(record));
}

void EscalationDesk::turn_away(const Step& step, const Escalation& job, BusyCause cause,
                               base::Duration retry_after) {
    ++statistics_.busy;
    ++statistics_.busy_causes[static_cast<std::size_t>(cause)];
    const Verdict verdict{.stream = job.instance.stream,
                          .sequence = job.instance.sequence,
                          .status = VerdictStatus::kBusy,
                          .retry_after_ms = whole_milliseconds(spread(retry_after, job.instance))};
    send(step, job.instance, job.task, verdict);
}

void EscalationDesk::refuse(const Step& step, const Instance& instance, std::uint32_t task) {
    send(step, instance, task,
         {.stream = instance.stream,
          .sequence = instance.sequence,
          .status = VerdictStatus::kRefused});
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

void EscalationDesk::send(const Step& step, const Instance& instance, std::uint32_t task,
                          Verdict verdict) {
    const auto& device = registry_.at(instance.device);
    if (device.record.state != DeviceState::kEnrolled) {
        return;
    }
    const auto terms = terms_of(task, device, step.now.instant);
    verdict.price = terms.price;
    verdict.load = terms.load;
    step.immediately(Send{device.record.id, verdict});
}

// Devices say in their decisions what became of our answers.
void EscalationDesk::on_decisions(const Step& step, const Device& device,
                                  const Decisions& decisions, std::uint32_t count) {
    const auto number = device.record.number;
    if (const auto share = share_of(decisions.task, device); share != 0) {
        budget_.on_decisions({decisions.task, group_of(device)}, number, count, share);
        save_shares(step);
    }
    for (auto i = decisions.count - count; i < decisions.count; ++i) {
        const auto tier = decisions.outcomes[i] / 16U;
        const auto reason = static_cast<PolicyReason>(decisions.outcomes[i] % 16U);
        const bool is_late = reason == PolicyReason::kLate;
        if (!is_late && tier <= static_cast<std::uint32_t>(Tier::kLocal)) {
            continue;
        }
        const auto slack = sent_.take({number, decisions.stream, decisions.first_sequence + i});
        if (slack && is_late) {
            returns_.on_late(number, *slack, step.now.instant);
        } else if (slack) {
            returns_.on_time(number, *slack, step.now.instant);
        }
    }
}

void EscalationDesk::on_shares(const Step& step, std::uint32_t task) {
    if (!catalogue_.has_group_share(task)) {
        budget_.forget(task);
        save_shares(step);
    }
}

void EscalationDesk::restore(const std::vector<ShareRecord>& stored) {
    for (const auto& record : stored) {
        // An empty queue is as good as none, and takes no group's number.
        if (record.length_permille > 0 && catalogue_.has_group_share(record.task)) {
            const auto group = number_of(record.group);
            budget_.restore({{record.task, group}, record.device, record.length_permille});
        }
    }
}

// The groups that are one have no name to keep them by.
void EscalationDesk::save_shares(const Step& step) {
    for (const auto& change : budget_.take_changes()) {
        const auto named =
            std::ranges::find(groups_, change.key.second, &decltype(groups_)::value_type::second);
        if (named != groups_.end()) {
            step.write(
                ShareRecord{change.key.first, named->first, change.device, change.length_permille});
        }
    }
}

void EscalationDesk::on_edge_model(const Step& step, std::uint32_t task) {
    withdraw_task(step, task, times_.typical(task, 1));
    health_.forget(task);
    times_.forget(task);
    last_runs_.erase(task);
    arrivals_.erase(task);
}

std::uint8_t EscalationDesk::load() const {
    if (hung_batches() >= std::max(config_.workers, 1U)) {
        return LoadMeter::kStop;
    }
    return meter_.load(queue_.size(), config_.queue_limit, bytes_in_flight(), config_.queue_bytes);
}

bool EscalationDesk::is_open(std::uint32_t task, base::Instant now) const {
    return catalogue_.edge_model(task) != nullptr ? !health_.down_until(task, now)
                                                  : cloud_.doubt_below(task) != 0;
}

EdgeTerms EscalationDesk::terms_of(std::uint32_t task, const Device& device,
                                   base::Instant now) const {
    const auto busy = load();
    return {price_of(task, device, busy, now), busy};
}

std::uint8_t EscalationDesk::price_of(std::uint32_t task, const Device& device, std::uint8_t busy,
                                      base::Instant now) const {
    const auto budget = share_price(task, device);
    if (!is_open(task, now) || budget == LoadMeter::kStop || busy == LoadMeter::kStop) {
        return LoadMeter::kStop;
    }
    const auto price = std::uint32_t{LoadMeter::price_of(busy)} + budget;
    return static_cast<std::uint8_t>(std::min<std::uint32_t>(price, LoadMeter::kStop - 1));
}

EdgeTerms EscalationDesk::terms_for(const Device& device, base::Instant now) const {
    const auto busy = load();
    const auto& tasks = device.record.reported;
    if (tasks.empty()) {
        return {LoadMeter::price_of(busy), busy};
    }
    EdgeTerms terms{LoadMeter::kStop, busy};
    std::uint8_t dearest = 0;
    for (const auto& state : tasks) {
        const auto price = price_of(state.task, device, busy, now);
        terms.price = std::min(terms.price, price);
        dearest = std::max(dearest, price);
    }
    // Each ack comes by here, and prices hardly ever differ: only then is there a list.
    for (auto state = tasks.begin(); dearest != terms.price && state != tasks.end(); ++state) {
        const auto price = price_of(state->task, device, busy, now);
        if (price != terms.price) {
            terms.dearer.push_back({state->task, price});
        }
    }
    return terms;
}

EscalationStatistics EscalationDesk::statistics() const {
    auto statistics = statistics_;
    statistics.queued = static_cast<std::uint32_t>(queue_.size());
    for (std::size_t i = 0; i < kPriorities; ++i) {
        statistics.queued_by_priority[i] =
            static_cast<std::uint32_t>(queue_.size(static_cast<Priority>(i)));
    }
    for (const auto& [work, batch] : running_) {
        statistics.running += static_cast<std::uint32_t>(batch.jobs.size());
    }
    statistics.queued_bytes = bytes_in_flight();
    statistics.load = load();
    statistics.price = LoadMeter::price_of(statistics.load);
    statistics.sojourn_p95 = meter_.sojourn_p95();
    statistics.is_standing = guard_.is_standing();
    statistics.cloud = cloud_.statistics();
    for (const auto& [task, sizes] : times_.views()) {
        statistics.service_time[task] = times_.typical(task, 1);
        for (const auto& size : sizes) {
            statistics.batch_sizes.push_back(
                {task, size.size, size.batches, size.p50, size.p99, times_.best_size(task)});
        }
    }
    for (const auto& [name, group] : groups_) {
        for (const auto& [key, view] : budget_.views()) {
            if (key.second == group) {
                statistics.budgets.push_back(
                    {key.first, name, view.escalated, view.decisions, view.price});
            }
        }
    }
    return statistics;
}

}  // namespace frugal::core
