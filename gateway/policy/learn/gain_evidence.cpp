// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/gain_evidence.hpp"

#include <algorithm>

namespace frugal::policy {

namespace {

/// Rounding must leave neither less than nothing nor more gain than there are samples.
template <typename Number>
void take_back(Number& count, Number& gain, const DeviceShares::Part& part) {
    count = std::max(Number{0}, count - static_cast<Number>(part.count));
    gain = std::clamp(gain - static_cast<Number>(part.gain), -count, count);
}

}  // namespace

GainEvidence::GainEvidence(std::uint32_t classes, const BinSums& known,
                           const ClassFactors& known_classes)
    : tracked_(std::min<std::size_t>(classes, ClassFactors::kTracked)),
      seen_(kBins * tracked_),
      known_(known),
      known_classes_(known_classes),
      factors_(known_classes),
      counts_(known.counts) {}

void GainEvidence::add(std::size_t bin, std::uint32_t class_id, double gain, std::uint32_t device) {
    const double factor = factors_.of(class_id);
    const bool is_tracked = class_id < tracked_;
    counts_[bin] += factor;
    if (is_tracked) {
        Sum& sum = seen_[bin * tracked_ + class_id];
        sum.count += 1;
        sum.gain += static_cast<float>(gain);
    } else {
        known_.counts[bin] += factor;
        known_.gains[bin] += gain;
    }
    if (device != 0) {
        shares_.add(device,
                    {static_cast<std::uint16_t>(bin),
                     static_cast<std::uint16_t>(is_tracked ? class_id : tracked_),
                     static_cast<float>(is_tracked ? 1 : factor), static_cast<float>(gain)});
    }
}

void GainEvidence::fade(double keep) {
    for (Sum& sum : seen_) {
        sum.count *= static_cast<float>(keep);
        sum.gain *= static_cast<float>(keep);
    }
    for (auto* values : {&known_.counts, &known_.gains, &counts_}) {
        for (double& value : *values) {
            value *= keep;
        }
    }
    known_classes_.fade(keep);
    shares_.fade(keep);
}

BinSums GainEvidence::flat() const {
    BinSums sums = known_;
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        for (std::uint32_t id = 0; id < tracked_; ++id) {
            const Sum& sum = seen_[bin * tracked_ + id];
            sums.counts[bin] += static_cast<double>(sum.count) * factors_.of(id);
            sums.gains[bin] += static_cast<double>(sum.gain);
        }
    }
    return sums;
}

void GainEvidence::forget_classes() {
    shares_.merge(static_cast<std::uint16_t>(tracked_), [this](std::uint16_t column) {
        return column < tracked_ ? factors_.of(column) : 1;
    });
    known_ = flat();
    counts_ = known_.counts;
    std::ranges::fill(seen_, Sum{});
    known_classes_ = factors_ = {};
}

void GainEvidence::retract(std::uint32_t device) {
    for (const DeviceShares::Part& part : shares_.take(device)) {
        if (part.column < tracked_) {
            Sum& sum = seen_[part.bin * tracked_ + part.column];
            take_back(sum.count, sum.gain, part);
        } else {
            take_back(known_.counts[part.bin], known_.gains[part.bin], part);
        }
    }
    counts_ = flat().counts;
}

void GainEvidence::fit(double prior_weight, const ClassFactors::Values& tasks, int rounds) {
    for (int round = 0; round < rounds; ++round) {
        fit_bins(prior_weight);
        fit_classes(tasks);
    }
    fit_bins(prior_weight);
}

void GainEvidence::fit_bins(double prior_weight) {
    const BinSums sums = flat();
    counts_ = sums.counts;
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        usual_.weights[bin] = sums.counts[bin] + prior_weight;
        usual_.values[bin] =
            (sums.gains[bin] + prior_weight * chow_gain(bin)) / usual_.weights[bin];
    }
    expected_ = fit_nonincreasing(usual_.values, usual_.weights);
}

void GainEvidence::fit_classes(const ClassFactors::Values& tasks) {
    factors_ = known_classes_;
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        for (std::uint32_t id = 0; id < tracked_; ++id) {
            const Sum& sum = seen_[bin * tracked_ + id];
            factors_.add(id, static_cast<double>(sum.gain),
                         static_cast<double>(sum.count) * expected_.values[bin]);
        }
    }
    factors_.normalise(tasks);
}

}  // namespace frugal::policy
