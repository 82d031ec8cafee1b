// SPDX-License-Identifier: Apache-2.0
// The third tier: public inputs the edge is unsure of, or has no model for, may be asked of a
// server beyond the site. At most once each and never hedged; only while the circuit breaker is
// closed, the day's budget lasts and an answer can be expected in time. What is asked here ends in
// exactly one Settled, in time: with the server's answer, or with the edge's, or with none (then
// the device's own stands). Owned by the escalation desk. Holds no input: those leave with
// AskCloud.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "core/config.hpp"
#include "core/event.hpp"
#include "core/offload/circuit_breaker.hpp"
#include "core/offload/task_instance.hpp"
#include "core/public_features.hpp"
#include "core/step.hpp"
#include "core/work_numbers.hpp"

namespace frugal::core {

class CloudDesk {
public:
    CloudDesk(WorkNumbers& works, const CloudConfig& config)
        : works_(works), config_(config), breaker_(config.breaker) {}

    /// What waits for an answer.
    struct Question {
        TaskInstance instance;
        std::uint32_t task = 0;
        std::uint32_t local_class = 0;
        std::uint32_t classes = 0;                  ///< of the task; 0: not known
        TaskPrivacy privacy = TaskPrivacy::kNever;  ///< as the task is now; the client looks again
        base::Instant deadline{};
        base::Duration way_back{0};        ///< what answers to its device are known to need
        std::optional<EdgeAnswer> edge{};  ///< what stands if nothing better comes
    };
    struct Settled {
        Question question;
        std::optional<EdgeAnswer> answer{};
        Tier tier = Tier::kUnspecified;  ///< who gave the answer
    };

    /// Below this confidence (q8) of the edge its answer is doubted; 0 for tasks that never go on.
    std::uint32_t doubt_below(std::uint32_t task) const;

    /// Whether it may and needs to be asked; counts why not. Followed by ask() if the input is
    /// public.
    bool would_ask(const Step& step, const Question& question);
    void ask(const Step& step, Question&& question, PublicFeatures&& features);

    std::optional<Settled> on_answer(const Step& step, const CloudDone& done);
    /// Those that can wait no longer.
    std::vector<Settled> on_time(const Step& step);
    std::optional<base::Instant> next_deadline() const;

    CloudStatistics statistics() const;

private:
    struct Asked {
        Question question;
        base::Instant asked_at{};
        CircuitBreaker::Call call{};
        bool is_trial = false;    ///< the breaker or the estimate forbids others like it
        bool is_settled = false;  ///< its time is over; the answer still counts for the breaker
    };
    const CloudTask* rule_of(std::uint32_t task) const;
    bool is_worth_it(const CloudTask& rule, const Question& question) const;
    bool is_expected_in_time(base::Instant now, const Question& question) const;
    bool is_in_time(base::Instant now, const Question& question) const;
    bool has_budget(base::Instant now);
    base::Duration round_trip_p95() const;
    void learn(const Asked& asked, base::Instant now, bool has_answer);
    base::Instant settle_by(const Question& question) const;

    WorkNumbers& works_;
    CloudConfig config_;
    CircuitBreaker breaker_;
    std::map<base::WorkId, Asked> asked_;
    std::deque<std::pair<base::Instant, std::uint32_t>> calls_;  ///< by hour, of the last day
    std::deque<base::Duration> round_trips_;                     ///< the newest kRoundTripsKept
    /// When the trial was asked whose answer the round trips begin with.
    std::optional<base::Instant> learning_since_{};
    std::optional<base::Instant> asked_at_{};  ///< the last time anything was
    CloudStatistics statistics_;
};

}  // namespace frugal::core
