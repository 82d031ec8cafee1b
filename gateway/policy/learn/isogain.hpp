// SPDX-License-Identifier: Apache-2.0
// IsoGain: learns the gain table of one (task, device class, device model, edge model) from what
// escalated and audited tasks showed. Owned by one thread; a few kilobytes, and what devices added;
// deterministic. Never sees an input or a label, never decides a task: devices evaluate the table
// it gives.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "policy/learn/canary.hpp"
#include "policy/learn/drift_sketch.hpp"
#include "policy/learn/gain_evidence.hpp"

namespace frugal::policy {

/// The estimate first, then the faster detection. Why kappa, alpha and the alarm's limit are what
/// they are: ARCHITECTURE.md D30.
struct IsoGainConfig {
    double prior_weight = 2;      ///< kappa
    double bonus = 0.001;         ///< alpha: how far uncertainty raises a gain
    double memory_tasks = 16000;  ///< M: evidence fades over so many
    std::uint8_t audit_q8 = 1;    ///< a: share of locally kept tasks that is asked all the same
    double alarm_slack = 0.05;
    double alarm_limit = 3.5;  ///< four surprising audits; three are often chance
    double alarm_keep = 0.02;  ///< of the evidence, after an alarm
    std::uint8_t alarm_audit_q8 = 16;
    std::uint32_t alarm_tasks = 2048;
    double step_max = 32.0 / 256;      ///< a table moves so far a push unless there is an alarm
    double device_share = 0.05;        ///< of a bin's evidence one device may add in a window...
    double device_least = 16;          ///< ...or so many samples, whichever is more
    std::uint8_t probe_audit_q8 = 64;  ///< while a moved sketch or an alarm is looked into
    std::uint32_t probe_tasks = 256;
    std::uint32_t probe_gap_tasks = 2048;  ///< between two probes that sketches ask for
    /// So many audits with no more surprise than the slack end a probe: with 32, one more of them
    /// wrong than expected.
    std::uint32_t probe_audits = 32;
    double surprise_slack = 0.25;  ///< the same test on all samples, both ways
    double surprise_limit = 8;
    /// The same test upwards with alarm_slack, for what grows slowly. Wald: chance alone passes it
    /// in one of e^(2 slack limit / variance) runs, of 15,000 at the largest variance, 1/4.
    double slow_limit = 24;
    double clear_keep = 0.25;         ///< of the evidence, when the edge helps less, or slowly more
    std::uint32_t quiet_tasks = 512;  ///< after an alarm, before the tests go on
};

/// What one escalated task showed.
struct Evidence {
    Answers answers;
    bool is_audit = false;
    std::uint32_t device = 0;           ///< 0: not told, and not limited
    std::optional<base::Instant> at{};  ///< when it came in, of this process
};

/// A sum of surprises that rises while something is wrong (Page 1954). What made it rise began when
/// it was last as good as zero: what came before says nothing.
class SurpriseSum {
public:
    static constexpr double kNothing = 0.25;  ///< a tenth of what an alarm takes

    void add(double surprise, std::optional<base::Instant> at) {
        since_ = sum_ < kNothing ? at : since_;
        sum_ = std::max(0.0, sum_ + surprise);
    }
    /// As it was stored: when it began is not known any more, if it did.
    void restore(double sum) { *this = SurpriseSum(sum); }
    double sum() const { return sum_; }
    std::optional<base::Instant> since() const { return since_; }

    SurpriseSum() = default;

private:
    explicit SurpriseSum(double sum) : sum_(sum) {}
    double sum_ = 0;
    std::optional<base::Instant> since_{};
};

/// What an answer shows and what was expected of it, before it is learned from.
struct Showing {
    double signal = 0;    ///< of the gain, before rho
    double rho = 1;       ///< what a unit of it is worth by now
    double gain = 0;      ///< rho times the signal
    double weight = 1;    ///< what it counts for in its bin: the factor of its class
    double expected = 0;  ///< of this answer of a device
    double surprise() const { return gain - expected; }
};

class IsoGain {
public:
    /// `classes` of the task, at least 2.
    IsoGain(const IsoGainConfig& config, const Registration& registration, std::uint32_t classes);

    /// A new local or edge model: all that was learned belongs to the old pair.
    void register_again(const Registration& registration);

    Showing showing(const Answers& answers) const;

    /// False if the sample was left out: the device has added its share. `shown` is of its answers.
    bool observe(const Evidence& evidence, const Showing& shown);
    bool observe(const Evidence& evidence) { return observe(evidence, showing(evidence.answers)); }

    /// Takes back what one device added, also from what an all-clear returns to; the table follows
    /// at the end of the window.
    void retract(std::uint32_t device);

    /// Ends a push window of the cell's devices; the table and audit rate change only here.
    void end_window(const Sketch& sketch);

    /// Everything learned, in at most kStateBytesMax bytes: counts to a quarter, gains to 2^-14.
    /// To be taken right after end_window(): what was observed since is not in it.
    base::Bytes save() const;

    /// Goes on from save(). False, and as before, for bytes that are none.
    bool restore(base::ByteView state);

    const TableBytes& table() const { return table_; }
    /// The table of classes for which asking gains so many times what it gains for all.
    TableBytes table_times(double factor) const;
    const ClassFactors& class_factors() const { return seen_.factors(); }
    std::uint8_t audit_q8() const { return audit_q8_; }
    std::uint32_t alarms() const { return alarms_; }
    /// When the evidence of the last alarm began; absent if that was in another process, or nobody
    /// said when it came in.
    std::optional<base::Instant> alarm_since() const { return alarm_since_; }
    std::uint32_t probes() const { return probes_; }
    double evidence_of(std::size_t bin) const { return seen_.count(bin); }
    /// Of all classes at this confidence, each as often as devices answer it.
    double expected_gain(std::size_t bin) const { return seen_.expected().values[bin]; }
    /// What an answer counts for in its bin: the factor of its class.
    double weight_of(const Answers& answers) const {
        return class_factors().of(answers.local_class);
    }
    /// The evidence is being gathered anew after an alarm: tables may move freely.
    bool is_alarmed() const { return alarm_left_ > 0; }
    double tasks() const { return tasks_; }
    const Registration& registration() const { return registration_; }

    static constexpr std::size_t kStateBytesMax = 504;

private:
    void restart();
    double healthy_rho(const Answers& answers) const;
    double usual_share() const;
    double rho_of(const Answers& answers) const;
    void add_to_fault(const Answers& answers, const Showing& shown);
    bool rho_is_learned(const Answers& answers) const;
    double disagreements_a_signal() const;
    void learn_rho(const Answers& answers, const Showing& shown);
    bool may_add(std::size_t bin, std::uint32_t device, double weight);
    void test_audit(double surprise, std::optional<base::Instant> at);
    void end_quiet_probe();
    void test_surprise(double surprise, std::optional<base::Instant> at);
    void alarm(const SurpriseSum& why);
    void all_clear();
    void forget_most(const SurpriseSum& why);
    void forget_fault();
    void discount(double keep);
    void fit();

    IsoGainConfig config_;
    Registration registration_;
    std::uint32_t classes_;

    GainEvidence seen_;
    std::optional<GainEvidence> before_alarm_;  ///< to return to when the fault is over: flat
    BinValues shown_{};                         ///< what the table holds: with the bonus
    double tasks_ = 0;
    double rho_disagreements_ = 0;
    double rho_signal_ = 0;
    double usual_signal_ = 0;  ///< of samples since the alarm, as before it; a restart begins anew
    double signal_since_ = 0;  ///< what they showed
    double usual_before_ = 1;  ///< share of the usual in the signals at the alarm, after others
    std::uint32_t rho_samples_ = 0;
    SurpriseSum audit_sum_;
    SurpriseSum above_sum_;
    SurpriseSum below_sum_;
    SurpriseSum slow_sum_;  ///< a restart begins anew
    DriftDetector drift_;
    std::map<std::pair<std::size_t, std::uint32_t>, double> added_;  ///< this window, by device
    std::uint32_t alarm_left_ = 0;
    std::uint32_t probe_left_ = 0;
    std::uint32_t probe_gap_left_ = 0;
    double probe_sum_ = 0;  ///< of the surprises of its audits; a restart begins anew
    std::uint32_t probe_audits_ = 0;
    bool may_jump_ = true;
    std::uint32_t quiet_left_ = 0;
    std::uint32_t alarms_ = 0;
    std::optional<base::Instant> alarm_since_{};
    std::uint32_t probes_ = 0;
    TableBytes table_{};
    std::uint8_t audit_q8_ = 0;
};

}  // namespace frugal::policy
