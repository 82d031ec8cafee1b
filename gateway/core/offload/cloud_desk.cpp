// SPDX-License-Identifier: Apache-2.0
#include "core/offload/cloud_desk.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace frugal::core {

namespace {

constexpr std::size_t kRoundTripsKept = 64;
constexpr base::Duration kDay = std::chrono::hours(24);
constexpr base::Duration kHour = std::chrono::hours(1);

}  // namespace

const CloudTask* CloudDesk::rule_of(std::uint32_t task) const {
    const auto found = std::find_if(config_.tasks.begin(), config_.tasks.end(),
                                    [task](const auto& rule) { return rule.task == task; });
    return found == config_.tasks.end() ? nullptr : &*found;
}

std::uint32_t CloudDesk::doubt_below(std::uint32_t task) const {
    const auto* rule = rule_of(task);
    return rule == nullptr ? 0 : rule->below_q8;
}

bool CloudDesk::is_worth_it(const CloudTask& rule, const Question& question) const {
    return !question.edge || question.edge->confidence < rule.below_q8;
}

// A sliding day in steps of an hour, of this process: a restart begins a new one.
bool CloudDesk::has_budget(base::Instant now) {
    // An entry's last call came up to an hour after its first.
    while (!calls_.empty() && now - calls_.front().first >= kDay + kHour) {
        calls_.pop_front();
    }
    std::uint64_t used = 0;
    for (const auto& [hour, count] : calls_) {
        used += count;
    }
    return used < config_.calls_per_day;
}

base::Duration CloudDesk::round_trip_p95() const {
    if (round_trips_.empty()) {
        return config_.first_round_trip;
    }
    std::vector<base::Duration> sorted(round_trips_.begin(), round_trips_.end());
    const auto rank = (sorted.size() * 95 + 99) / 100 - 1;
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(rank),
                     sorted.end());
    return sorted[rank];
}

// A trial that was answered shows the server as it is now: what was measured before is void, or a
// short hang would forbid calls until dozens of trials had outweighed it.
void CloudDesk::learn(const Asked& asked, base::Instant now, bool has_answer) {
    if (learning_since_ && asked.asked_at < *learning_since_) {
        return;
    }
    if (has_answer && asked.is_trial) {
        round_trips_.clear();
        learning_since_ = asked.asked_at;
    }
    // A server that answers too late must look slow, not just absent; one that refuses at once says
    // nothing of the time an answer takes.
    const auto took = now - asked.asked_at;
    if (!has_answer && took <= round_trip_p95()) {
        return;
    }
    if (round_trips_.size() >= kRoundTripsKept) {
        round_trips_.pop_front();
    }
    round_trips_.push_back(took);
}

base::Instant CloudDesk::settle_by(const Question& question) const {
    return question.deadline + -std::max(config_.return_allowance, question.way_back);
}

bool CloudDesk::is_expected_in_time(base::Instant now, const Question& question) const {
    return now + round_trip_p95() <= settle_by(question);
}

// An estimate that forbids every call would never be corrected: now and then one goes anyway, as
// long as there is any time; the edge's answer still comes when it must.
bool CloudDesk::is_in_time(base::Instant now, const Question& question) const {
    if (is_expected_in_time(now, question)) {
        return true;
    }
    const bool is_rested = !asked_at_ || now - *asked_at_ >= config_.probe_interval;
    return is_rested && now < settle_by(question);
}

bool CloudDesk::would_ask(const Step& step, const Question& question) {
    const auto now = step.now.instant;
    const auto* rule = rule_of(question.task);
    if (rule == nullptr || !is_worth_it(*rule, question)) {
        return false;
    }
    if (asked_.size() >= config_.in_flight || !is_in_time(now, question)) {
        ++statistics_.too_late;
        return false;
    }
    if (!has_budget(now)) {
        ++statistics_.over_budget;
        return false;
    }
    if (!breaker_.would_call(now)) {
        ++statistics_.broken;
        return false;
    }
    return true;
}

void CloudDesk::ask(const Step& step, Question&& question, PublicFeatures&& features) {
    const auto now = step.now.instant;
    const auto* rule = rule_of(question.task);
    const auto call = breaker_.start_call(now);
    FRUGAL_ASSERT(rule != nullptr && call);
    if (calls_.empty() || now - calls_.back().first >= kHour) {
        calls_.emplace_back(now, 0);
    }
    ++calls_.back().second;
    const bool is_trial =
        breaker_.state() == CircuitBreaker::State::kHalfOpen || !is_expected_in_time(now, question);
    asked_at_ = now;
    ++statistics_.asked;
    const auto work = works_.next();
    step.immediately(AskCloud{.work = work,
                              .task = question.task,
                              .model = rule->model,
                              .classes = question.classes,
                              .privacy = question.privacy,
                              .features = std::move(features),
                              .deadline = settle_by(question)});
    asked_.emplace(work, Asked{std::move(question), now, *call, is_trial});
}

std::optional<CloudDesk::Settled> CloudDesk::on_answer(const Step& step, const CloudDone& done) {
    const auto found = asked_.find(done.work);
    if (found == asked_.end()) {
        return std::nullopt;
    }
    const auto asked = std::move(found->second);
    asked_.erase(found);
    const auto now = step.now.instant;
    if (done.answer) {
        breaker_.on_success(asked.call, now);
    } else {
        breaker_.on_failure(asked.call, now);
        ++statistics_.failed;
    }
    learn(asked, now, done.answer.has_value());
    if (asked.is_settled) {
        return std::nullopt;
    }
    const bool has_edge = asked.question.edge.has_value();
    Settled settled{asked.question, asked.question.edge,
                    has_edge ? Tier::kEdge : Tier::kUnspecified};
    if (done.answer && now <= asked.question.deadline) {
        ++statistics_.answered;
        settled.answer = *done.answer;
        settled.tier = Tier::kCloud;
    }
    return settled;
}

std::vector<CloudDesk::Settled> CloudDesk::on_time(const Step& step) {
    std::vector<Settled> over;
    for (auto& [work, asked] : asked_) {
        if (!asked.is_settled && settle_by(asked.question) <= step.now.instant) {
            asked.is_settled = true;
            ++statistics_.expired;
            over.push_back({asked.question, asked.question.edge,
                            asked.question.edge ? Tier::kEdge : Tier::kUnspecified});
        }
    }
    return over;
}

std::optional<base::Instant> CloudDesk::next_deadline() const {
    std::optional<base::Instant> next;
    for (const auto& [work, asked] : asked_) {
        if (!asked.is_settled) {
            const auto by = settle_by(asked.question);
            next = next ? std::min(*next, by) : by;
        }
    }
    return next;
}

CloudStatistics CloudDesk::statistics() const {
    auto statistics = statistics_;
    statistics.in_flight = static_cast<std::uint32_t>(asked_.size());
    statistics.breaker = to_string(breaker_.state());
    statistics.round_trip_p95 = round_trip_p95();
    return statistics;
}

}  // namespace frugal::core
