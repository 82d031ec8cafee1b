// SPDX-License-Identifier: Apache-2.0
#include "simulation/offload/cloud_world.hpp"

#include <map>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "base/assert.hpp"
#include "base/rng.hpp"
#include "core/tick.hpp"
#include "simulation/offload/breaker_judge.hpp"
#include "simulation/world/timeline.hpp"

namespace frugal::simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr base::Duration kLength = minutes(30);
constexpr std::uint32_t kDeadline_ms = 120'000;

core::CoreConfig config_of(base::Rng& rng) {
    core::CoreConfig config;
    config.offload.deadline_max = milliseconds(kDeadline_ms);
    config.cloud.tasks = {{.task = 1, .model = "large", .below_q8 = 256}};
    config.cloud.calls_per_day = 1'000'000;
    config.cloud.in_flight = 4 + static_cast<std::uint32_t>(rng.below(13));
    config.cloud.breaker = {.failures = 2 + static_cast<std::uint32_t>(rng.below(4)),
                            .window = seconds(10 + rng.below(30)),
                            .open_time = seconds(3 + rng.below(20))};
    return config;
}

/// A public task that the edge has no model for.
core::Snapshot site() {
    core::Snapshot site;
    site.tasks.push_back(
        {.task = 1, .name = "task", .labels = {"a", "b"}, .privacy = core::TaskPrivacy::kPublic});
    core::DeviceRecord record{.number = core::DeviceNumber{0},
                              .id = *base::DeviceId::parse("device-0"),
                              .state = core::DeviceState::kEnrolled,
                              .certificate = core::CertificateRecord{}};
    record.reported.push_back({.task = 1});
    site.devices.push_back(std::move(record));
    return site;
}

class CloudWorld {
public:
    CloudWorld(std::uint64_t seed, CloudPlant plant)
        : rng_(seed * 0x9E3779B97F4A7C15ULL + 31), plant_(plant), config_(config_of(rng_)) {}

    CloudOutcome run() {
        tick_ = std::make_unique<core::Tick>(site(), config_);
        perform(tick_->boot(now()));
        greet();
        plan_question();
        plan_change();
        while (timeline_.has_event_before(base::Instant{kLength})) {
            timeline_.step();
        }
        outcome_.old_answers = judge_.old_answers();
        outcome_.violations = judge_.violations();
        return std::move(outcome_);
    }

private:
    base::Now now() const { return {timeline_.now(), {1'700'000'000'000}}; }

    void greet() {
        core::Hello hello{.protocol = 1,
                          .device = "device-0",
                          .stream = {1},
                          .boot_epoch = 1,
                          .capability = {.device_class = *base::ClassName::parse("m4")}};
        hello.tasks.push_back({.task = 1});
        push(core::DeviceMessage{*base::DeviceId::parse("device-0"), std::move(hello), 60});
    }

    void plan_question() {
        timeline_.after(milliseconds(50 + rng_.below(1500)), [this] {
            ask();
            plan_question();
        });
    }

    void ask() {
        core::Escalate message;
        message.stream = {1};
        message.sequence = next_sequence_++;
        message.task = 1;
        message.deadline_ms = kDeadline_ms;
        message.policy_reason = core::PolicyReason::kEscalateGain;
        message.may_go_on = true;
        message.features = core::Features(base::Bytes(64, 7));
        push(core::DeviceMessage{*base::DeviceId::parse("device-0"), std::move(message), 100});
    }

    /// The server goes down, or comes back; what it says is decided as a call begins.
    void plan_change() {
        timeline_.after(milliseconds(2000 + rng_.below(40'000)), [this] {
            is_up_ = !is_up_;
            plan_change();
        });
    }

    void push(core::Event event) {
        std::vector<core::Event> events;
        events.push_back(std::move(event));
        perform(tick_->step(std::move(events), now()));
    }

    void perform(core::TickOutput output) {
        for (auto& effect : output.effects) {
            std::visit([this](auto& one) { perform_effect(std::move(one)); }, effect);
        }
        if (output.commit) {
            timeline_.after(milliseconds(1), [this, id = output.commit->id] {
                perform(tick_->on_commit(id, {}, now()));
            });
        }
        // Nothing here has a deadline that is reached: every call is answered long before.
    }

    template <typename Effect>
    void perform_effect(Effect&&) {}

    void perform_effect(core::AskCloud&& call) {
        ++outcome_.calls;
        const bool is_good = is_up_ && rng_.chance(0.95);
        const auto wait = rng_.chance(0.7) ? milliseconds(20 + rng_.below(500))
                                           : milliseconds(1000 + rng_.below(30'000));
        const auto work = call.work;
        judge_.on_call(work, timeline_.now(), state());
        timeline_.after(wait, [this, work, is_good] { answer(work, is_good); });
    }

    void perform_effect(core::Reply&& reply) {
        if (reply.reply) {
            if (auto* statistics = std::get_if<core::EscalationStatistics>(&*reply.reply)) {
                state_ = statistics->cloud.breaker;
            }
        }
    }

    /// As it is after all that was pushed so far.
    std::string state() {
        state_.clear();
        push(core::AdminRequest{{1}, "world", core::GetEscalationStatistics{}});
        FRUGAL_ASSERT(!state_.empty());  // nothing that is asked here waits for a commit
        return state_;
    }

    /// Planted: two calls, one of before and one of now, each get the other's answer.
    base::WorkId told_as(base::WorkId work) {
        if (const auto found = swapped_.find(work); found != swapped_.end()) {
            return found->second;
        }
        const auto of_now = judge_.one_of_now();
        if (plant_ != CloudPlant::kSwappedAnswers || judge_.is_of_now(work) || !of_now ||
            swapped_.contains(*of_now)) {
            return work;
        }
        swapped_[*of_now] = work;
        return *of_now;
    }

    void answer(base::WorkId work, bool is_good) {
        core::CloudDone done{told_as(work), core::EdgeAnswer{1, 200, 1}};
        if (!is_good) {
            done.answer = base::fail(base::ErrorKind::kUnavailable, "503");
        }
        const auto before = state();
        push(std::move(done));
        const auto after = state();
        outcome_.opened += before != "open" && after == "open" ? 1 : 0;
        judge_.on_answer(work, is_good, timeline_.now(), after);
    }

    base::Rng rng_;
    CloudPlant plant_;
    core::CoreConfig config_;
    BreakerJudge judge_{config_.cloud.breaker};
    Timeline timeline_;
    CloudOutcome outcome_;
    std::unique_ptr<core::Tick> tick_;
    std::string state_ = "closed";
    bool is_up_ = true;
    std::uint64_t next_sequence_ = 0;
    std::map<base::WorkId, base::WorkId> swapped_;  ///< whose answer a call gets
};

}  // namespace

CloudOutcome run_cloud(std::uint64_t seed, CloudPlant plant) {
    return CloudWorld(seed, plant).run();
}

int run_cloud_seeds(const std::vector<std::uint64_t>& seeds, bool as_json) {
    std::uint64_t failed = 0;
    CloudOutcome sum;
    for (const auto seed : seeds) {
        const auto outcome = run_cloud(seed, CloudPlant::kNone);
        sum.calls += outcome.calls;
        sum.old_answers += outcome.old_answers;
        sum.opened += outcome.opened;
        failed += outcome.violations.empty() ? 0 : 1;
        if (!outcome.violations.empty()) {
            fmt::print("FAILED seed {}\n  {}\n", seed, fmt::join(outcome.violations, "\n  "));
        }
    }
    fmt::print(fmt::runtime(as_json ? "{{\"seeds\": {}, \"violations\": {}, \"calls\": {}, "
                                      "\"opened\": {}, \"old_answers\": {}}}\n"
                                    : "cloud: seeds {}  failed {}  calls {}  opened {} times  "
                                      "answers to calls from before {}\n"),
               seeds.size(), failed, sum.calls, sum.opened, sum.old_answers);
    if (sum.old_answers == 0) {
        fmt::print("no answer came to a call from before: nothing was checked\n");
    }
    return failed == 0 && sum.old_answers != 0 ? 0 : 1;
}

int run_planted_cloud(std::uint64_t seeds) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        if (!run_cloud(seed, CloudPlant::kSwappedAnswers).violations.empty()) {
            fmt::print("planted {:<20} caught by I31 with seed {}\n", "swapped-answers", seed);
            return 0;
        }
    }
    fmt::print("planted {:<20} MISSED in {} seeds\n", "swapped-answers", seeds);
    return 1;
}

}  // namespace frugal::simulation
