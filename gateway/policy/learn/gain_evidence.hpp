// SPDX-License-Identifier: Apache-2.0
// What answers showed that asking gains, by bin of confidence and by class, and what is believed
// from it: gain = (gain of the bin) x (factor of the class). Which answers are seen is chosen by
// the very tables learned from them; explained by both, none is overrated for being seen often.
// The fit alternates the maximum likelihood of Poisson sums in bins and classes (iterative
// proportional fitting, Deming & Stephan 1940). Owned by a learner, one thread; deterministic; 8
// bytes for each bin and class, and what devices added.
#pragma once

#include <vector>

#include "policy/learn/class_factors.hpp"
#include "policy/learn/device_shares.hpp"
#include "policy/learn/gain_table.hpp"

namespace frugal::policy {

/// Samples, each counted by the factor of its class, and what they gained, by bin.
struct BinSums {
    BinValues counts{};
    BinValues gains{};
};

class GainEvidence {
public:
    /// `classes` of the task. What is known already comes as bins and classes apart.
    explicit GainEvidence(std::uint32_t classes, const BinSums& known = {},
                          const ClassFactors& known_classes = {});

    /// `device` 0: not told, and never taken back.
    void add(std::size_t bin, std::uint32_t class_id, double gain, std::uint32_t device = 0);
    void fade(double keep);

    /// Takes back what the device added.
    void retract(std::uint32_t device);
    /// Bins stay; every class has a factor of 1 again.
    void forget_classes();

    /// What is believed, from everything added; nothing else here changes it. `prior_weight`
    /// samples of Chow's rule are believed in every bin; `tasks` of each class, also of those not
    /// seen, say what factors have a mean of 1.
    void fit(double prior_weight, const ClassFactors::Values& tasks, int rounds = kRounds);

    /// Everything added, as believed now, by bin.
    BinSums flat() const;
    const ClassFactors& factors() const { return factors_; }
    const MonotoneFit& usual() const { return usual_; }  ///< mean and weight of each bin alone
    const MonotoneFit& expected() const { return expected_; }  ///< in the monotone fit
    double count(std::size_t bin) const { return counts_[bin]; }

    static constexpr int kRounds = 3;  ///< enough to follow; from nothing it takes ten times more

private:
    struct Sum {
        float count = 0;
        float gain = 0;
    };

    void fit_bins(double prior_weight);
    void fit_classes(const ClassFactors::Values& tasks);

    std::size_t tracked_;    ///< classes with a column of their own
    std::vector<Sum> seen_;  ///< by bin, then class
    BinSums known_;          ///< of classes without a column, or not known any more
    DeviceShares shares_;    ///< of seen_, and of known_ as one more column
    ClassFactors known_classes_;
    ClassFactors factors_;
    BinValues counts_{};
    MonotoneFit usual_;
    MonotoneFit expected_;
};

}  // namespace frugal::policy
