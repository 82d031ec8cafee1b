// SPDX-License-Identifier: Apache-2.0
// IsoGain's state as bytes: what a restart must not lose, in less than half a kilobyte.
#include "policy/learn/isogain.hpp"
#include "policy/learn/state_bytes.hpp"

namespace frugal::policy {

namespace {

constexpr std::uint8_t kVersion = 2;
constexpr double kCountUnit = 4;     // counts in quarters
constexpr double kGainUnit = 16384;  // mean gains in 2^-14
constexpr double kTableUnit = 256;
constexpr double kSketchUnit = 4;

constexpr std::uint32_t kHasSignals = 1;
constexpr std::uint32_t kHasBefore = 2;
constexpr std::uint32_t kMayJump = 4;

void write_bins(StateWriter& to, const BinSums& sums) {
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        const double count = sums.counts[bin];
        to.u16(count * kCountUnit);
        to.i16(count > 0 ? sums.gains[bin] / count * kGainUnit : 0);
    }
}

BinSums read_bins(StateReader& from) {
    BinSums sums;
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        sums.counts[bin] = from.u16() / kCountUnit;
        sums.gains[bin] = from.i16() / kGainUnit * sums.counts[bin];
    }
    return sums;
}

void write_reference(StateWriter& to, const DriftReference& reference) {
    to.u16(reference.tasks);
    for (const auto* cells : {&reference.confidence, &reference.classes}) {
        for (const double count : *cells) {
            to.u16(count * kSketchUnit);
        }
    }
}

DriftReference read_reference(StateReader& from) {
    DriftReference reference;
    reference.tasks = from.u16();
    for (auto* cells : {&reference.confidence, &reference.classes}) {
        for (double& count : *cells) {
            count = from.u16() / kSketchUnit;
        }
    }
    return reference;
}

}  // namespace

base::Bytes IsoGain::save() const {
    StateWriter to;
    to.u8(kVersion);
    to.u8((registration_.has_signals ? kHasSignals : 0u) | (before_alarm_ ? kHasBefore : 0u) |
          (may_jump_ ? kMayJump : 0u));
    for (const double value :
         {registration_.temperature, registration_.rho, registration_.samples, tasks_,
          rho_disagreements_, rho_signal_, audit_sum_.sum(), above_sum_.sum(), below_sum_.sum()}) {
        to.real(value);
    }
    for (const std::uint32_t count :
         {rho_samples_, alarm_left_, probe_left_, probe_gap_left_, quiet_left_, alarms_, probes_}) {
        to.u16(count);
    }
    to.u8(audit_q8_);
    write_bins(to, seen_.flat());
    if (before_alarm_) {
        write_bins(to, before_alarm_->flat());
    }
    for (const double shown : shown_) {
        to.u8(static_cast<std::uint32_t>(std::lround(std::min(shown * kTableUnit, 255.0))));
    }
    for (const std::uint8_t factor : seen_.factors().save()) {
        to.u8(factor);
    }
    write_reference(to, drift_.reference());
    return to.take();
}

bool IsoGain::restore(base::ByteView state) {
    StateReader from(state);
    if (from.u8() != kVersion) {
        return false;
    }
    IsoGain next = *this;
    const std::uint8_t flags = from.u8();
    next.registration_.has_signals = (flags & kHasSignals) != 0;
    next.may_jump_ = (flags & kMayJump) != 0;
    for (double* value :
         {&next.registration_.temperature, &next.registration_.rho, &next.registration_.samples,
          &next.tasks_, &next.rho_disagreements_, &next.rho_signal_}) {
        *value = from.real();
    }
    for (SurpriseSum* sum : {&next.audit_sum_, &next.above_sum_, &next.below_sum_}) {
        sum->restore(from.real());
    }
    for (std::uint32_t* count :
         {&next.rho_samples_, &next.alarm_left_, &next.probe_left_, &next.probe_gap_left_,
          &next.quiet_left_, &next.alarms_, &next.probes_}) {
        *count = from.u16();
    }
    next.audit_q8_ = from.u8();
    const BinSums seen = read_bins(from);
    next.before_alarm_.reset();
    if ((flags & kHasBefore) != 0) {
        next.before_alarm_.emplace(classes_, read_bins(from));
        next.forget_fault();
    }
    for (double& shown : next.shown_) {
        shown = from.u8() / kTableUnit;
    }
    ClassFactors::State state_of_classes{};
    for (std::uint8_t& factor : state_of_classes) {
        factor = from.u8();
    }
    ClassFactors factors;
    factors.restore(state_of_classes);
    next.seen_ = GainEvidence(classes_, seen, factors);
    next.drift_.resume(read_reference(from));
    if (!from.is_good() || !from.rest().empty() || next.registration_.temperature <= 0) {
        return false;
    }
    next.added_.clear();
    const auto& tasks = next.drift_.reference().classes;
    next.seen_.fit(config_.prior_weight, tasks, 0);
    if (next.before_alarm_) {
        next.before_alarm_->fit(config_.prior_weight, tasks, 0);
    }
    next.table_ = next.table_times(1);
    *this = std::move(next);
    return true;
}

}  // namespace frugal::policy
