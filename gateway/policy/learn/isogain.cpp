// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/isogain.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace frugal::policy {

namespace {

// A canary without opinions cannot tell how strong the signal is; so many escalations do.
constexpr std::uint32_t kRhoSamples = 256;
constexpr double kSignalPrior = 1;  // of the usual signal, before there are samples of a fault
constexpr std::size_t kDevicesTrackedMax = 4096;
// Below it the prior speaks, and surprises are how it is replaced.
constexpr double kTestedWeight = 24;
// The tests see no more in a sample of a pair that gains less than this.
constexpr double kLeastTestedRho = 0.25;

}  // namespace

IsoGain::IsoGain(const IsoGainConfig& config, const Registration& registration,
                 std::uint32_t classes)
    : config_(config),
      registration_(registration),
      classes_(std::max(2u, classes)),
      seen_(classes_) {
    restart();
}

void IsoGain::register_again(const Registration& registration) {
    registration_ = registration;
    restart();
}

void IsoGain::restart() {
    seen_ =
        GainEvidence(classes_, {registration_.counts, registration_.gains}, registration_.classes);
    before_alarm_.reset();
    audit_sum_ = above_sum_ = below_sum_ = slow_sum_ = {};
    rho_disagreements_ = rho_signal_ = 0;
    forget_fault();
    rho_samples_ = probe_audits_ = 0;
    probe_sum_ = 0;
    drift_ = {};
    tasks_ = 0;
    alarm_left_ = probe_left_ = probe_gap_left_ = quiet_left_ = 0;
    audit_q8_ = config_.audit_q8;
    may_jump_ = true;
    fit();
}

Showing IsoGain::showing(const Answers& answers) const {
    Showing shown{.signal = gain_signal(answers, registration_.temperature, classes_),
                  .weight = weight_of(answers)};
    shown.rho = rho_of(answers);
    shown.gain = shown.rho * shown.signal;
    shown.expected = expected_gain(bin_of(answers.confidence_q8)) * shown.weight;
    return shown;
}

// The canary is of a device that worked. What signals there are since the alarm beyond the usual
// come of the fault: where it alone made the device disagree, the edge is right, and a unit of
// signal gains one.
double IsoGain::rho_of(const Answers& answers) const {
    const double rho = healthy_rho(answers);
    return rho < 1 ? 1 - (1 - rho) * usual_share() : rho;
}

double IsoGain::healthy_rho(const Answers& answers) const {
    return rho_is_learned(answers) ? registration_.rho * disagreements_a_signal()
                                   : registration_.rho;
}

double IsoGain::usual_share() const {
    const double since = (usual_signal_ + kSignalPrior) / (signal_since_ + kSignalPrior);
    return usual_before_ * std::clamp(since, 0.0, 1.0);
}

// What was believed before the alarm is in units of the rho of then.
void IsoGain::add_to_fault(const Answers& answers, const Showing& shown) {
    if (!before_alarm_) {
        return;
    }
    const double healthy = healthy_rho(answers);
    const double rho_before = healthy < 1 ? 1 - (1 - healthy) * usual_before_ : healthy;
    usual_signal_ +=
        before_alarm_->expected().values[bin_of(answers.confidence_q8)] * shown.weight / rho_before;
    signal_since_ += shown.signal;
}

void IsoGain::forget_fault() {
    usual_signal_ = signal_since_ = 0;
    usual_before_ = 1;
}

// The canary's rho is for bare disagreement, but now the edge says how sure it is.
bool IsoGain::rho_is_learned(const Answers& answers) const {
    return registration_.samples > 0 && !registration_.has_signals &&
           (answers.opinion.has_value() || answers.finished_signal.has_value());
}

// What a disagreement gains was measured with labels; only how strong the signal of one is, was
// not. What the bins are believed to gain says less: those that are asked are the overrated ones.
double IsoGain::disagreements_a_signal() const {
    return (rho_disagreements_ + kRhoPrior) / (std::max(0.0, rho_signal_) + kRhoPrior);
}

void IsoGain::learn_rho(const Answers& answers, const Showing& shown) {
    if (!rho_is_learned(answers) || rho_samples_ == kRhoSamples) {
        return;
    }
    rho_disagreements_ += answers.local_class != answers.edge_class ? 1 : 0;
    rho_signal_ += shown.signal;
    ++rho_samples_;
}

bool IsoGain::may_add(std::size_t bin, std::uint32_t device, double weight) {
    if (device == 0) {
        return true;
    }
    const auto key = std::pair{bin, device};
    if (added_.size() >= kDevicesTrackedMax && added_.find(key) == added_.end()) {
        return false;
    }
    const double most = std::max(config_.device_least, config_.device_share * seen_.count(bin));
    // A sample of a class that counts for little still brings all of its gain.
    return (added_[key] += std::max(weight, 1.0)) <= most;
}

bool IsoGain::observe(const Evidence& evidence, const Showing& shown) {
    const std::size_t bin = bin_of(evidence.answers.confidence_q8);
    if (registration_.rho <= 0 || !may_add(bin, evidence.device, shown.weight)) {
        return false;
    }
    learn_rho(evidence.answers, shown);
    add_to_fault(evidence.answers, shown);
    seen_.add(bin, evidence.answers.local_class, shown.gain, evidence.device);
    if (quiet_left_ > 0) {
        return true;
    }
    if (evidence.is_audit) {
        test_audit(shown.surprise(), evidence.at);
    }
    if (seen_.usual().weights[bin] >= kTestedWeight) {
        // In what the answers show, not in what it is worth: a pair with a small rho hides faults.
        const double unit = std::clamp(shown.rho, kLeastTestedRho, 1.0);
        const double usual = seen_.usual().values[bin] * shown.weight;
        test_surprise((shown.gain - usual) / unit, evidence.at);
    }
    return true;
}

void IsoGain::retract(std::uint32_t device) {
    seen_.retract(device);
    if (before_alarm_) {
        before_alarm_->retract(device);
    }
    usual_signal_ = signal_since_ = 0;  // its part of them is not known
}

void IsoGain::test_audit(double surprise, std::optional<base::Instant> at) {
    probe_sum_ += surprise;
    ++probe_audits_;
    audit_sum_.add(surprise - config_.alarm_slack, at);
    if (audit_sum_.sum() > config_.alarm_limit) {
        alarm(audit_sum_);
    }
}

// Escalated tasks speak too: the same test with more slack, because there are many of them. It is
// blind to shifts below its slack, so a second one is for slow growth: where that is seen, bins
// that nobody asks of may have grown as well. What shrinks is asked, and puts itself right.
void IsoGain::test_surprise(double surprise, std::optional<base::Instant> at) {
    above_sum_.add(surprise - config_.surprise_slack, at);
    below_sum_.add(-surprise - config_.surprise_slack, at);
    slow_sum_.add(surprise - config_.alarm_slack, at);
    if (above_sum_.sum() > config_.surprise_limit) {
        alarm(above_sum_);
    } else if (below_sum_.sum() > config_.surprise_limit) {
        all_clear();
    } else if (slow_sum_.sum() > config_.slow_limit) {
        forget_most(slow_sum_);
    }
}

void IsoGain::alarm(const SurpriseSum& why) {
    alarm_since_ = why.since();
    if (alarm_left_ == 0) {
        before_alarm_ = seen_;
        before_alarm_->forget_classes();
        usual_before_ = usual_share();
        usual_signal_ = signal_since_ = 0;
    }
    discount(config_.alarm_keep);
    alarm_left_ = config_.alarm_tasks;
    probe_left_ = config_.probe_tasks;
    ++alarms_;
}

// The edge helps far less than believed. After an alarm that means its cause is gone, once;
// otherwise what was learnt no longer holds.
void IsoGain::all_clear() {
    if (!before_alarm_) {
        forget_most(below_sum_);
        return;
    }
    alarm_since_ = below_sum_.since();
    discount(0);
    seen_ = std::move(*before_alarm_);
    // Answers are held against what is expected before the window ends, too.
    seen_.fit(config_.prior_weight, drift_.reference().classes, 0);
    before_alarm_.reset();
    forget_fault();
    may_jump_ = true;
    ++alarms_;
}

// Without more audits: where little is known, the bonus alone makes devices ask.
void IsoGain::forget_most(const SurpriseSum& why) {
    alarm_since_ = why.since();
    discount(config_.clear_keep);
    may_jump_ = true;
    ++alarms_;
}

void IsoGain::discount(double keep) {
    seen_.fade(keep);
    audit_sum_ = above_sum_ = below_sum_ = slow_sum_ = {};
    quiet_left_ = config_.quiet_tasks;
}

void IsoGain::end_window(const Sketch& sketch) {
    const double keep = std::max(0.0, 1 - sketch.tasks / config_.memory_tasks);
    seen_.fade(keep);
    usual_signal_ *= keep;
    signal_since_ *= keep;
    tasks_ += sketch.tasks;
    added_.clear();
    const auto pass = [&sketch](std::uint32_t left) {
        return left > sketch.tasks ? left - sketch.tasks : 0;
    };
    probe_left_ = pass(probe_left_);
    alarm_left_ = pass(alarm_left_);
    end_quiet_probe();
    quiet_left_ = pass(quiet_left_);
    probe_gap_left_ = pass(probe_gap_left_);
    const bool has_moved = drift_.add(sketch);
    if (has_moved) {
        seen_.forget_classes();  // how often an answered class is right hangs on their mix
    }
    if (has_moved && probe_gap_left_ == 0) {
        probe_left_ = config_.probe_tasks;
        probe_gap_left_ = config_.probe_gap_tasks;
        ++probes_;
    }
    audit_q8_ = probe_left_ > 0   ? std::max(config_.audit_q8, config_.probe_audit_q8)
                : alarm_left_ > 0 ? std::max(config_.audit_q8, config_.alarm_audit_q8)
                                  : config_.audit_q8;
    fit();
}

// A sketch that moved need not mean that anything goes wrong; what an alarm asks for is not cut
// short.
void IsoGain::end_quiet_probe() {
    const bool is_quiet =
        probe_audits_ >= config_.probe_audits && probe_sum_ <= config_.alarm_slack * probe_audits_;
    if (is_quiet && alarm_left_ == 0) {
        probe_left_ = 0;
    }
    if (probe_left_ == 0) {
        probe_sum_ = 0;
        probe_audits_ = 0;
    }
}

void IsoGain::fit() {
    seen_.fit(config_.prior_weight, drift_.reference().classes);
    const bool is_free = may_jump_ || alarm_left_ > 0;
    const double step = is_free ? 1 : config_.step_max;
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        const double bonus =
            std::sqrt(config_.bonus * std::log(1 + tasks_) / seen_.expected().weights[bin]);
        const double wanted = std::clamp(seen_.expected().values[bin] + bonus, 0.0, 1.0);
        shown_[bin] = std::clamp(wanted, shown_[bin] - step, shown_[bin] + step);
    }
    may_jump_ = false;
    table_ = table_times(1);
}

TableBytes IsoGain::table_times(double factor) const {
    BinValues gains = shown_;
    for (double& gain : gains) {
        gain *= factor;
    }
    return registration_.rho > 0 ? to_q8(gains) : TableBytes{};
}

}  // namespace frugal::policy
