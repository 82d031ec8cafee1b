// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/gain_evidence.hpp"

#include <algorithm>

namespace frugal::policy {

GainEvidence::GainEvidence(std::uint32_t classes, const BinSums& known,
                           const ClassFactors& known_classes)
    : tracked_(std::min<std::size_t>(classes, ClassFactors::kTracked)),
      seen_(kBins * tracked_),
      known_(known),
      known_classes_(known_classes),
      factors_(known_classes),
      counts_(known.counts) {}

void GainEvidence::add(std::size_t bin, std::uint32_t class_id, double gain) {
    const double factor = factors_.of(class_id);
    counts_[bin] += factor;
    if (class_id >= tracked_) {
        known_.counts[bin] += factor;
        known_.gains[bin] += gain;
        return;
    }
    Sum& sum = seen_[bin * tracked_ + class_id];
    sum.count += 1;
    sum.gain += static_cast<float>(gain);
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
    known_ = flat();
    counts_ = known_.counts;
    std::ranges::fill(seen_, Sum{});
    known_classes_ = factors_ = {};
}

void GainEvidence::retract(const std::array<float, kBins>& counts,
                           const std::array<float, kBins>& gains) {
    forget_classes();
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        const double left = std::max(0.0, known_.counts[bin] - static_cast<double>(counts[bin]));
        // Rounding must not leave more gain than there are samples.
        known_.gains[bin] =
            std::clamp(known_.gains[bin] - static_cast<double>(gains[bin]), -left, left);
        known_.counts[bin] = left;
    }
    counts_ = known_.counts;
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
