// SPDX-License-Identifier: Apache-2.0
#include "simulation/offload/desk_world.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "base/assert.hpp"
#include "base/rng.hpp"
#include "core/tick.hpp"
#include "simulation/offload/desk_judge.hpp"
#include "simulation/offload/desk_ledger.hpp"
#include "simulation/offload/desk_site.hpp"
#include "simulation/world/timeline.hpp"

namespace frugal::simulation {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class DeskWorld {
public:
    explicit DeskWorld(const DeskOptions& options) : options_(options), rng_(options.seed + 5) {
        outcome_.options = options;
    }

    DeskOutcome run() {
        devices_ = desk_devices(outcome_);
        open();
        for (std::size_t i = 0; i < devices_.size(); ++i) {
            plan_task(i);
        }
        if (options_.has_kill) {
            timeline_.at(base::Instant{kKillAt}, [this] { kill(); });
        }
        const base::Instant end{options_.length};
        while (timeline_.has_event_before(end)) {
            timeline_.step();
        }
        read_statistics();
        finish();
        return std::move(outcome_);
    }

private:
    // The site ----------------------------------------------------------------------------------

    base::Now now() const { return {timeline_.now(), {1'700'000'000'000}}; }

    void open() {
        ++generation_;
        running_ = 0;
        ledger_.clear();
        tick_ =
            std::make_unique<core::Tick>(desk_snapshot(outcome_, devices_), desk_config(options_));
        perform(tick_->boot(now()));
        for (std::size_t i = 0; i < devices_.size(); ++i) {
            timeline_.after(way(), [this, i] { greet(i); });
        }
    }

    void kill() {
        read_statistics();
        tick_.reset();
        timeline_.after(kAway, [this] { open(); });
    }

    // Devices -----------------------------------------------------------------------------------

    base::Duration way() {
        return microseconds(100 + rng_.below(static_cast<std::uint64_t>(options_.way_max.count())));
    }

    void plan_task(std::size_t index) {
        const auto gap = -std::log(1 - rng_.uniform()) / devices_[index].rate;
        timeline_.after(microseconds(1 + static_cast<std::int64_t>(gap * 1e6)), [this, index] {
            take_task(index);
            plan_task(index);
        });
    }

    bool wants_to_ask(const DeskSender& device) {
        if (options_.has_blind && &device == devices_.data()) {
            return true;
        }
        const bool is_closed = device.load == 255 || device.price == 255;
        if (device.busy_until > timeline_.now() || is_closed) {
            return false;
        }
        const auto gain = rng_.below(256);
        return !options_.obeys_price || gain >= device.price;
    }

    void take_task(std::size_t index) {
        auto& device = devices_[index];
        ++outcome_.devices[index].tasks;
        const auto sequence = device.next_task++;
        if (wants_to_ask(device)) {
            ask(index, sequence);
        } else {
            decide(index, sequence, kLocal);
        }
    }

    void decide(std::size_t index, std::uint64_t sequence, std::uint8_t outcome) {
        auto& device = devices_[index];
        device.final.emplace(sequence, outcome);
        while (device.final.size() >= kBatchDecisions &&
               std::next(device.final.begin(), kBatchDecisions - 1)->first ==
                   device.next_decision + kBatchDecisions - 1) {
            send_decisions(index);
        }
    }

    void greet(std::size_t index) {
        auto& device = devices_[index];
        auto hello = desk_hello(device, index);
        if (tick_) {
            push(core::DeviceMessage{device.id, std::move(hello), 60});
        }
    }

    void ask(std::size_t index, std::uint64_t sequence) {
        const auto span =
            static_cast<std::uint64_t>((options_.deadline_max - options_.deadline_min).count() + 1);
        const auto patience = options_.deadline_min + microseconds(rng_.below(span));
        Asked asked{timeline_.now() + patience, {}, rng_.chance(options_.audits)};
        ++outcome_.asked;
        ++outcome_.devices[index].asked;
        ++(asked.is_audit ? outcome_.audits : outcome_.tasks_asked);
        rates_.on_ask(timeline_.now());
        const auto patience_ms = static_cast<std::uint32_t>(patience.count() / 1000);
        open_[{index, sequence}] = asked;
        timeline_.at(asked.deadline, [this, index, sequence] { give_up(index, sequence); });
        if (!rng_.chance(options_.loss)) {
            timeline_.after(way(), [this, index, sequence, patience_ms, is_audit = asked.is_audit] {
                deliver(index, sequence, patience_ms, is_audit);
            });
        }
    }

    void deliver(std::size_t index, std::uint64_t sequence, std::uint32_t patience_ms,
                 bool is_audit) {
        if (!tick_) {
            return;
        }
        core::Escalate message;
        message.stream = {index + 1};
        message.sequence = sequence;
        message.task = devices_[index].task;
        message.deadline_ms = patience_ms;
        message.policy_reason =
            is_audit ? core::PolicyReason::kAudit : core::PolicyReason::kEscalateGain;
        message.features = core::Features(base::Bytes(kDeskInputBytes, 7));
        const auto asked = open_.find({index, sequence});
        if (asked == open_.end()) {
            return;  // took longer than its deadline
        }
        asked->second.at_gateway = timeline_.now();
        outcome_.admitted += is_audit ? 0 : 1;  // taken back at the door
        ledger_.on_escalate({index, sequence});
        push(core::DeviceMessage{devices_[index].id, std::move(message), 100});
    }

    void send_decisions(std::size_t index) {
        auto& device = devices_[index];
        core::Decisions batch{.stream = {index + 1},
                              .first_sequence = device.next_decision,
                              .boot_epoch = 1,
                              .task = device.task,
                              .release = 1,
                              .count = kBatchDecisions};
        for (std::uint32_t i = 0; i < kBatchDecisions; ++i) {
            batch.outcomes[i] = device.final.begin()->second;
            device.final.erase(device.final.begin());
        }
        device.next_decision += kBatchDecisions;
        if (tick_) {
            push(core::DeviceMessage{device.id, std::move(batch), 60});
        }
    }

    /// The deadline: whatever the edge says later, the device has answered.
    void give_up(std::size_t index, std::uint64_t sequence) {
        const auto found = open_.find({index, sequence});
        if (found != open_.end()) {
            open_.erase(found);
            decide(index, sequence, kLate);
        }
    }

    void hear(std::size_t index, const core::Verdict& verdict) {
        auto& device = devices_[index];
        device.price = verdict.price;
        device.load = verdict.load;
        const auto found = open_.find({index, verdict.sequence});
        if (found == open_.end()) {
            return;
        }
        const auto asked = found->second;
        open_.erase(found);
        if (verdict.status != core::VerdictStatus::kAnswered) {
            const auto pause =
                milliseconds(verdict.retry_after_ms == 0 ? 1000 : verdict.retry_after_ms);
            device.busy_until = std::max(device.busy_until, timeline_.now() + pause);
            decide(index, verdict.sequence, kBusy);
        } else {
            decide(index, verdict.sequence, kEdge);
            ++outcome_.devices[index].answered;
            ++(asked.is_audit ? outcome_.audits_answered : outcome_.tasks_answered);
            outcome_.kept += asked.is_audit ? 0 : 1;
            rates_.on_answer(timeline_.now());
        }
    }

    // The gateway -------------------------------------------------------------------------------

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
            later(milliseconds(1),
                  [this, id = output.commit->id] { perform(tick_->on_commit(id, {}, now())); });
        }
        arm();
    }

    void arm() {
        const auto deadline = tick_->next_deadline();
        if (!deadline || (armed_for_ && *armed_for_ <= *deadline)) {
            return;
        }
        armed_for_ = *deadline;
        timeline_.at(*deadline, [this, generation = generation_] {
            armed_for_.reset();
            if (tick_ && generation == generation_) {
                perform(tick_->step({}, now()));
            }
        });
    }

    template <typename Action>
    void later(base::Duration wait, Action action) {
        timeline_.after(wait, [this, generation = generation_, action = std::move(action)] {
            if (tick_ && generation == generation_) {
                action();
            }
        });
    }

    template <typename Effect>
    void perform_effect(Effect&&) {}

    void perform_effect(core::Send&& send) {
        const auto index = index_of(send.device);
        if (const auto* ack = std::get_if<core::Ack>(&send.message)) {
            timeline_.after(way(), [this, index, price = ack->price, load = ack->load] {
                devices_[index].price = price;
                devices_[index].load = load;
            });
        }
        if (std::holds_alternative<core::Probe>(send.message)) {
            timeline_.after(way(), [this, index] { greet(index); });
        }
        if (const auto* verdict = std::get_if<core::Verdict>(&send.message)) {
            const bool is_lost = rng_.chance(options_.loss);
            note_verdict(index, *verdict, is_lost);
            if (!is_lost) {
                timeline_.after(way(), [this, index, verdict = *verdict] { hear(index, verdict); });
            }
        }
    }

    void note_verdict(std::size_t index, const core::Verdict& verdict, bool is_lost) {
        ledger_.on_verdict({index, verdict.sequence}, verdict.status);
        const auto found = open_.find({index, verdict.sequence});
        if (found == open_.end()) {
            return;
        }
        if (verdict.status == core::VerdictStatus::kAnswered) {
            if (is_lost) {  // not the desk's fault
                outcome_.admitted -= found->second.is_audit ? 0 : 1;
                found->second.is_turned_away = true;
            }
            return;
        }
        if (found->second.at_gateway == timeline_.now()) {
            outcome_.admitted -= found->second.is_audit ? 0 : 1;
            found->second.is_turned_away = true;  // no longer counted
        } else {
            ++outcome_.told_late;
        }
    }

    bool in_faults() const {
        return timeline_.now() >= base::Instant{kFaultFrom} &&
               timeline_.now() < base::Instant{kFaultUntil};
    }

    void perform_effect(core::Infer&& job) {
        const auto count = static_cast<std::int64_t>(job.inputs.size());
        outcome_.after_deadline += timeline_.now() > job.deadline ? 1 : 0;
        outcome_.running_max = std::max(outcome_.running_max, ++running_);
        auto took = engine_time(options_, job.task, count);
        took = took * static_cast<std::int64_t>(90 + rng_.below(20)) / 100;
        bool fails = false;
        if (in_faults()) {
            took *= options_.has_slow_engine ? 6 : 1;
            fails = options_.has_failing_engine;
            if (options_.has_hung_engine) {
                took = std::max<base::Duration>(took, base::Instant{kFaultUntil} - timeline_.now());
            }
        }
        core::InferenceDone done{job.work, {}, took};
        if (fails) {
            done.answers.assign(job.inputs.size(),
                                base::fail(base::ErrorKind::kInternal, "the engine failed"));
        } else {
            done.answers.assign(job.inputs.size(), core::EdgeAnswer{1, 200, 1});
        }
        later(took, [this, done = std::make_shared<core::InferenceDone>(std::move(done))] {
            --running_;
            push(std::move(*done));
        });
    }

    void perform_effect(core::Reply&& reply) {
        if (reply.reply) {
            if (auto* statistics = std::get_if<core::EscalationStatistics>(&*reply.reply)) {
                outcome_.statistics = std::move(*statistics);
            }
        }
    }

    void read_statistics() {
        if (tick_) {
            outcome_.statistics = {};
            push(core::AdminRequest{{1}, "world", core::GetEscalationStatistics{}});
            if (outcome_.statistics.received != 0) {  // else the reply waits for a commit
                ledger_.compare(outcome_.statistics, outcome_.violations);
            }
        }
    }

    // The books ---------------------------------------------------------------------------------

    std::size_t index_of(const base::DeviceId& id) const {
        return std::stoul(id.text().substr(std::string_view("device-").size()));
    }

    void finish() {
        rates_.tell(outcome_);
        // Under way at the end: neither kept nor broken.
        for (const auto& [key, asked] : open_) {
            const bool is_waiting = asked.deadline > timeline_.now();
            const bool is_counted =
                asked.at_gateway != base::Instant{} && !asked.is_audit && !asked.is_turned_away;
            outcome_.admitted -= is_waiting && is_counted ? 1 : 0;
        }
    }

    DeskOptions options_;
    base::Rng rng_;
    Timeline timeline_;
    DeskOutcome outcome_;
    std::vector<DeskSender> devices_;
    std::unique_ptr<core::Tick> tick_;
    DeskLedger ledger_;
    std::uint64_t generation_ = 0;
    std::uint32_t running_ = 0;
    std::optional<base::Instant> armed_for_;
    std::map<std::pair<std::size_t, std::uint64_t>, Asked> open_;
    DeskRates rates_;
};

}  // namespace

DeskOutcome run_desk(const DeskOptions& options) {
    DeskWorld world(options);
    auto outcome = world.run();
    judge(outcome);
    return outcome;
}

}  // namespace frugal::simulation
