// SPDX-License-Identifier: Apache-2.0
// One cell of the site's learner: a task of a device class with one device model and one edge
// model. Counts decisions, takes evidence, ends windows, and says what devices should be pushed.
// Owned by SiteLearner; deterministic: chance only from its seed, time only as an argument.
#pragma once

#include <optional>

#include "base/time.hpp"
#include "policy/learn/compiled_table.hpp"
#include "policy/learn/device_trust.hpp"
#include "policy/learn/hedge.hpp"
#include "policy/learn/isogain.hpp"
#include "policy/learn/learn_terms.hpp"

namespace frugal::policy {

/// What the owner's policy and the pair of models say of a cell.
struct CellTerms {
    LearnMode mode = LearnMode::kOff;
    Registration registration;
    LearnablePart authored;  ///< the owner's: where learning begins, and the usual audit rate
    LearnablePart held;      ///< what devices hold now; the same unless that was learned
    GroupBounds bounds{};    ///< the owner's, for what is pushed
    double cost = 0.1;       ///< of an escalation on a quiet gateway, in wrong answers
    std::uint32_t classes = 2;
    std::uint32_t policy_id = 0;
};

/// A task instance that the edge answered.
struct AnsweredTask {
    Answers answers;
    std::uint32_t device = 0;  ///< not 0
    bool is_audit = false;
    bool is_in_time =
        true;  ///< late answers are evidence, but the device tells the decision itself
    std::optional<base::Instant> at{};  ///< when it came in
};

class LearnCell {
public:
    static constexpr std::uint32_t kWindowTasks = 64;
    static constexpr double kHedgeHorizon = 30'000;  ///< tasks; then the losses begin anew
    static constexpr std::size_t kStateBytesMax = 512;
    static constexpr int kStepMax = 32;   ///< in 1/256, a push without an alarm
    static constexpr int kPushLeast = 4;  ///< smaller moves wait
    static constexpr base::Duration kPushInterval = std::chrono::minutes(15);
    static constexpr base::Duration kUrgentInterval = std::chrono::seconds(10);

    LearnCell(const CellTerms& terms, std::uint64_t seed);

    /// The owner set another policy, or the pair was registered anew: begins again.
    void restart(const CellTerms& terms);

    void on_local(std::uint8_t confidence_q8, std::uint32_t local_class);
    void on_answer(const AnsweredTask& task);

    /// Ends the window if it is full, and says how many tasks it had; 0: it is not.
    std::uint32_t end_window();

    /// Another cell of the same class ended a window of so many tasks.
    void on_sibling_window(std::uint32_t tasks);

    /// What the devices should hold now, if it is worth a push at this time. Not a query: the
    /// certified mode draws its next threshold here, once an interval.
    std::optional<LearnablePart> next_push(base::Instant now);

    /// The push was made: devices get this under this id.
    void on_pushed(const LearnablePart& part, std::uint32_t policy_id, base::Instant now);

    /// Another cell of the same class was pushed: this one's devices hold `part` now.
    void on_sibling_pushed(const LearnablePart& part, std::uint32_t policy_id, base::Instant now) {
        pushed_ = part;
        terms_.policy_id = policy_id;
        pushed_at_ = now;
    }

    base::Bytes save() const;
    /// False, and as before, for bytes that are none, of another mode or under another policy.
    bool restore(base::ByteView state, const std::vector<std::uint32_t>& doubted = {});

    /// The state of a cell saved under policy `from`, as if saved under `to`; absent if it was not.
    static std::optional<base::Bytes> moved(base::ByteView state, std::uint32_t from,
                                            std::uint32_t to);

    LearnMode mode() const { return terms_.mode; }
    std::uint32_t policy_id() const { return terms_.policy_id; }
    const LearnablePart& pushed() const { return pushed_; }
    const CellTerms& terms() const { return terms_; }
    TableBytes table() const;     ///< as learned, before the owner's bounds
    LearnablePart offer() const;  ///< what devices should hold in the end, within them
    std::uint8_t audit_q8() const;
    std::uint32_t alarms() const { return isogain_ ? isogain_->alarms() : 0; }
    /// IsoGain's; absent also without one.
    std::optional<base::Instant> alarm_since() const {
        return isogain_ ? isogain_->alarm_since() : std::nullopt;
    }
    std::uint32_t probes() const { return isogain_ ? isogain_->probes() : 0; }
    bool is_alarmed() const { return may_jump_; }
    double tasks() const { return tasks_; }  ///< ever, as far as known
    /// Of the last tasks of all cells of the class, those of this one: which model devices run now.
    double recent() const { return recent_; }
    double answered() const { return answered_; }
    double evidence(std::size_t bin) const { return isogain_ ? isogain_->evidence_of(bin) : 0; }
    const DeviceTrust& trust() const { return trust_; }

private:
    void begin();
    bool is_urgent() const;

    CellTerms terms_;
    base::Rng rng_;
    std::optional<IsoGain> isogain_;
    std::optional<Hedge> hedge_;
    TableBytes drawn_{};  ///< hedge: the threshold of this push
    Sketch sketch_;
    DeviceTrust trust_;
    LearnablePart pushed_;
    std::optional<base::Instant> pushed_at_;
    std::uint32_t alarms_pushed_ = 0;  ///< alarms() at the last push
    bool may_jump_ = false;            ///< an alarm since the last push, or one that lasts
    bool is_restored_ = false;         ///< and has not been asked for a push since
    double tasks_ = 0;
    double recent_ = 0;
    double answered_ = 0;
};

}  // namespace frugal::policy
