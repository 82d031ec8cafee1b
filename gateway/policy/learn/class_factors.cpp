// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/class_factors.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace frugal::policy {

namespace {

constexpr double kPrior = 8;  // wrong answers that asking was expected to avoid, at a factor of 1
constexpr double kMost = 255.0 / 64;
constexpr double kUnit = 64;
constexpr double kLeastWeight = 0.1;
constexpr double kLeastMean = 0.1;  // of the factors; below it there is nothing to tell apart
constexpr double kAlike = 0.05;     // factors that are not worth a table of their own
constexpr int kRounds = 10;

struct Member {
    double factor;
    double weight;
    std::size_t class_id;
    std::size_t group = 0;
};

std::size_t nearest(const std::vector<double>& centres, double factor) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < centres.size(); ++i) {
        best = std::abs(factor - centres[i]) < std::abs(factor - centres[best]) ? i : best;
    }
    return best;
}

/// k-means in one dimension, begun at the quantiles; empty groups keep their centre.
std::vector<double> find_centres(std::vector<Member>& members, std::size_t count) {
    std::vector<double> centres(count);
    for (std::size_t i = 0; i < count; ++i) {
        centres[i] = members[(2 * i + 1) * members.size() / (2 * count)].factor;
    }
    for (int round = 0; round < kRounds; ++round) {
        std::vector<double> sums(count);
        std::vector<double> weights(count);
        for (Member& member : members) {
            member.group = nearest(centres, member.factor);
            sums[member.group] += member.factor * member.weight;
            weights[member.group] += member.weight;
        }
        for (std::size_t i = 0; i < count; ++i) {
            centres[i] = weights[i] > 0 ? sums[i] / weights[i] : centres[i];
        }
    }
    return centres;
}

/// The least of each run of centres that are alike: members are given to it instead.
std::vector<double> merged(std::vector<double> centres) {
    std::ranges::sort(centres);
    const auto repeated = std::unique(centres.begin(), centres.end(),
                                      [](double one, double next) { return next - one < kAlike; });
    centres.erase(repeated, centres.end());
    return centres;
}

}  // namespace

void ClassFactors::add(std::uint32_t class_id, double gain, double expected) {
    if (class_id < kTracked && expected > 0) {
        sums_.gains[class_id] += gain;
        sums_.expected[class_id] += expected;
    }
}

void ClassFactors::fade(double keep) {
    for (std::size_t i = 0; i < kTracked; ++i) {
        sums_.gains[i] *= keep;
        sums_.expected[i] *= keep;
    }
}

double ClassFactors::of(std::uint32_t class_id) const {
    return class_id < kTracked
               ? std::clamp((sums_.gains[class_id] + kPrior) / (sums_.expected[class_id] + kPrior),
                            0.0, kMost)
               : 1;
}

void ClassFactors::normalise(const Values& tasks) {
    double sum = 0;
    double all = 0;
    for (std::uint32_t i = 0; i < kTracked; ++i) {
        sum += tasks[i] * of(i);
        all += tasks[i];
    }
    if (all <= 0) {
        return;
    }
    const double mean = sum / all;
    if (mean < kLeastMean) {
        *this = {};
        return;
    }
    for (std::size_t i = 0; i < kTracked; ++i) {
        sums_.gains[i] = (sums_.gains[i] + kPrior) / mean - kPrior;
    }
}

double ClassFactors::of_group(const ClassMap& map, std::uint8_t group) const {
    double sum = 0;
    double weight = 0;
    for (std::uint32_t i = 0; i < kTracked; ++i) {
        if (map[i] == group) {
            const double own = sums_.expected[i] + kLeastWeight;
            sum += of(i) * own;
            weight += own;
        }
    }
    return weight > 0 ? sum / weight : 1;
}

std::uint8_t ClassFactors::cluster(ClassMap& map, std::size_t classes, std::size_t most) const {
    std::vector<Member> members;
    for (std::size_t i = 0; i < std::min(classes, kTracked); ++i) {
        if (map[i] < most) {
            members.push_back(
                {of(static_cast<std::uint32_t>(i)), sums_.expected[i] + kLeastWeight, i});
        }
    }
    std::ranges::stable_sort(members, {}, &Member::factor);
    if (members.empty()) {
        return 1;
    }
    auto centres = merged(find_centres(members, std::min(most, members.size())));
    std::ranges::stable_sort(centres, {}, [](double centre) { return std::abs(centre - 1); });
    for (const Member& member : members) {
        map[member.class_id] = static_cast<std::uint8_t>(nearest(centres, member.factor));
    }
    return static_cast<std::uint8_t>(centres.size());
}

ClassFactors::State ClassFactors::save() const {
    State state{};
    for (std::uint32_t i = 0; i < kTracked; ++i) {
        state[i] = static_cast<std::uint8_t>(std::lround(of(i) * kUnit));
    }
    return state;
}

void ClassFactors::restore(const State& state) {
    for (std::size_t i = 0; i < kTracked; ++i) {
        const double factor = state[i] / kUnit;
        sums_.expected[i] = factor == 1 ? 0 : kPrior;
        sums_.gains[i] = factor * (sums_.expected[i] + kPrior) - kPrior;
    }
}

}  // namespace frugal::policy
