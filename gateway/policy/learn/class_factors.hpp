// SPDX-License-Identifier: Apache-2.0
// How much more, or less, asking the edge gains for a class that devices answer than for all of
// them at the same confidence: one factor a class, drawn towards 1 by a prior, and the groups of
// classes that share a gain table. The gain of a task is taken to be the gain of its bin times the
// factor of its class; over all tasks the factors have a mean of 1, else a bin's gain would mean
// nothing. Owned by a learner, one thread; deterministic. Never sees bins.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "frugal/limits.h"
#include "frugal/policy.h"

namespace frugal::policy {

using ClassMap = std::array<std::uint8_t, FR_CLASSES_MAX>;  ///< group, or pin, by class

class ClassFactors {
public:
    static constexpr std::size_t kTracked = 32;  ///< classes; further ones have a factor of 1
    using Values = std::array<double, kTracked>;

    /// In wrong answers, by class.
    struct Sums {
        Values gains{};
        Values expected{};
        bool operator==(const Sums&) const = default;
    };

    ClassFactors() = default;
    explicit ClassFactors(const Sums& sums) : sums_(sums) {}
    const Sums& sums() const { return sums_; }

    /// One escalated task: what asking gained, and what its confidence alone let expect. Where that
    /// is nothing, or less, classes share no gain, and nothing is learned of them.
    void add(std::uint32_t class_id, double gain, double expected);
    void fade(double keep);

    /// Scales the factors to a mean of 1 over so many tasks of each class, asking or not. Forgets
    /// them where asking gains next to nothing for any class.
    void normalise(const Values& tasks);

    /// 0 to just below 4; 1 without evidence.
    double of(std::uint32_t class_id) const;
    /// Of all classes of a group, by their weight.
    double of_group(const ClassMap& map, std::uint8_t group) const;

    /// Puts the classes below `classes` into at most `most` groups of like factors, the one nearest
    /// to 1 first, and says how many there are. Classes in `pinned` groups, from `most` on, stay.
    std::uint8_t cluster(ClassMap& map, std::size_t classes, std::size_t most) const;

    using State = std::array<std::uint8_t, kTracked>;
    State save() const;  ///< factors in 1/64
    /// The factors come back; how much is behind them is not kept, and begins small.
    void restore(const State& state);

private:
    Sums sums_;
};

}  // namespace frugal::policy
