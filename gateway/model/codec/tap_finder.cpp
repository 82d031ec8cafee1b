// SPDX-License-Identifier: Apache-2.0
#include "model/codec/tap_finder.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace frugal::model {

namespace {

constexpr std::size_t kWeightsMin = 512;  // below, what looks alike is chance
constexpr std::uint32_t kDistanceMax = 1024;
constexpr std::uint64_t kProductsMax = 1U << 25;  // bounds the work for a large tensor
constexpr double kLikenessMin = 0.1;
constexpr double kDeviationsMin = 5;  // of a likeness from that of noise

struct Likeness {
    double value = 0;  ///< correlation without the mean, 0 to 1
    std::uint32_t distance = 0;
};

double energy_of(base::ByteView weights) {
    double sum = 0;
    for (const std::uint8_t byte : weights) {
        const double weight = static_cast<std::int8_t>(byte);
        sum += weight * weight;
    }
    return sum / static_cast<double>(weights.size());
}

Likeness likeness_at(base::ByteView weights, std::uint32_t columns, std::uint32_t distance,
                     double energy) {
    std::int64_t sum = 0;
    std::size_t count = 0;
    for (std::size_t row = 0; row + columns <= weights.size(); row += columns) {
        for (std::size_t at = row + distance; at < row + columns; ++at) {
            sum += static_cast<std::int8_t>(weights[at]) *
                   static_cast<std::int8_t>(weights[at - distance]);
        }
        count += columns - distance;
    }
    const double value = std::abs(static_cast<double>(sum)) / (energy * static_cast<double>(count));
    const bool is_chance =
        value < kLikenessMin || value * std::sqrt(static_cast<double>(count)) < kDeviationsMin;
    return {is_chance ? 0 : value, distance};
}

}  // namespace

std::vector<Taps> find_taps(base::ByteView weights, std::uint32_t columns) {
    const double energy = weights.empty() ? 0 : energy_of(weights);
    if (weights.size() < kWeightsMin || energy == 0) {
        return {};
    }
    const auto distances = static_cast<std::uint32_t>(
        std::min<std::uint64_t>({columns - 1U, kDistanceMax, kProductsMax / weights.size()}));
    std::vector<Likeness> found;
    for (std::uint32_t distance = 1; distance <= distances; ++distance) {
        const Likeness likeness = likeness_at(weights, columns, distance, energy);
        if (likeness.value > 0) {
            found.push_back(likeness);
        }
    }
    if (found.empty()) {
        return {};
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& a, const auto& b) { return a.value > b.value; });
    const std::uint32_t best = found.front().distance;
    std::vector<Taps> pairs{{best, 0}};
    // The tap beside the one before cancels what the tap beside this one repeats.
    for (const std::uint32_t far : {best + 1, 2 * best}) {
        if (far < columns) {
            pairs.push_back({best, far});
        }
    }
    if (found.size() > 1) {
        pairs.push_back({best, found[1].distance});
    }
    return pairs;
}

}  // namespace frugal::model
