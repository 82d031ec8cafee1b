// SPDX-License-Identifier: Apache-2.0
// Small formulas that several stages share. Pure functions, any thread.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace frugal::model {

/// Signal to noise in decibels; infinite without noise, NaN if either is.
inline double snr_db(double signal, double noise) {
    return noise == 0 ? INFINITY : 10 * std::log10(signal / noise);
}

/// Chances of the classes: softmax of logits / temperature. Both of one size, at least 1.
inline void softmax(std::span<const float> logits, float temperature, std::span<float> chances) {
    const float most = *std::max_element(logits.begin(), logits.end());
    float sum = 0;
    for (std::size_t i = 0; i < chances.size(); ++i) {
        chances[i] = std::exp((logits[i] - most) / temperature);
        sum += chances[i];
    }
    for (float& chance : chances) {
        chance /= sum;
    }
}

/// What a row's bias must grow by so that its mean output stays what it was when its weights and
/// the means of its inputs change.
/// @param before, now weight of a column as a double
template <typename Before, typename Now>
double bias_shift(const std::vector<double>& mean_before, const std::vector<double>& mean_now,
                  Before before, Now now) {
    double shift = 0;
    for (std::size_t column = 0; column < mean_before.size(); ++column) {
        shift += before(column) * mean_before[column] - now(column) * mean_now[column];
    }
    return shift;
}

}  // namespace frugal::model
