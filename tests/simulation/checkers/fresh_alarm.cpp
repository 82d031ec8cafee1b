// SPDX-License-Identifier: Apache-2.0
// I30: the learner's alarm halts a staged version only if all its evidence was seen since devices
// obey that version: since its first share, a person's going on, or the start of the process.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "simulation/checkers/make.hpp"
#include "simulation/world/release_shelf.hpp"

namespace frugal::simulation {

namespace {

using core::PolicyRolloutStatus;

/// A share begins in a step of the core and is seen here with its commit, up to two commits later.
constexpr base::Duration kSeenLate = std::chrono::seconds(5);

class FreshAlarm final : public Checker {
public:
    using Checker::Checker;

    void on_alarm(base::Instant since) override {
        newest_ = newest_ ? std::max(*newest_, since) : since;
    }

    void on_committed(const core::WriteBatch& batch) override {
        const bool is_resumed = std::ranges::any_of(batch.records, [](const auto& record) {
            const auto* audit = std::get_if<core::AuditRecord>(&record);
            return audit != nullptr && audit->action == "policy.resume";
        });
        for (const auto& record : batch.records) {
            const auto* rollout = std::get_if<core::PolicyRolloutRecord>(&record);
            if (rollout != nullptr && rollout->task == kTask) {
                follow(*rollout, is_resumed);
            }
        }
    }

    void on_loaded(const DatabaseView& database) override {
        rollout_.reset();
        obeyed_since_.reset();
        for (const auto& record : database.policy_rollouts) {
            if (record.task == kTask) {
                follow(record, false);
            }
        }
    }

private:
    static bool is_obeyed(const core::PolicyRolloutRecord& record) {
        return record.steps[record.step].permyriad != 0;
    }

    void follow(const core::PolicyRolloutRecord& record, bool is_resumed) {
        const bool is_new = !rollout_ || rollout_->version != record.version;
        const bool is_halted = !is_new && rollout_->status == PolicyRolloutStatus::kRunning &&
                               record.status == PolicyRolloutStatus::kHalted &&
                               record.halt == core::PolicyHalt::kAlarm;
        if (is_halted) {
            judge(record);
        } else if (is_new || is_resumed) {
            obeyed_since_.reset();
        }
        if (!obeyed_since_ && is_obeyed(record)) {
            obeyed_since_ = trace_.now();
        }
        rollout_ = record;
    }

    void judge(const core::PolicyRolloutRecord& record) {
        trace_.sometimes("staged policy halted by an alarm");
        if (!obeyed_since_) {
            trace_.violate("I30", fmt::format("an alarm halted version {}, which no device obeys",
                                              record.version));
        } else if (!newest_ || *newest_ + kSeenLate < *obeyed_since_) {
            trace_.violate(
                "I30", fmt::format("an alarm halted version {}, obeyed since {} ms, by evidence "
                                   "since {} ms",
                                   record.version, obeyed_since_->since_start.count() / 1000,
                                   newest_ ? newest_->since_start.count() / 1000 : -1));
        }
    }

    std::optional<core::PolicyRolloutRecord> rollout_{};
    std::optional<base::Instant> obeyed_since_{};
    std::optional<base::Instant> newest_{};  ///< of all alarms so far, the latest begin of evidence
};

}  // namespace

std::unique_ptr<Checker> make_fresh_alarm(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<FreshAlarm>(o, t, s);
}

}  // namespace frugal::simulation
