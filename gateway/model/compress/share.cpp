// SPDX-License-Identifier: Apache-2.0
#include "model/compress/share.hpp"

#include <algorithm>
#include <cmath>

namespace frugal::model {

namespace {

constexpr int kRounds = 60;

std::size_t nearest(const std::vector<float>& centroids, float value) {
    const auto above = std::lower_bound(centroids.begin(), centroids.end(), value);
    if (above == centroids.begin()) {
        return 0;
    }
    if (above == centroids.end()) {
        return centroids.size() - 1;
    }
    const auto below = std::prev(above);
    const bool is_below = value - *below <= *above - value;
    return static_cast<std::size_t>((is_below ? below : above) - centroids.begin());
}

/// One round of Lloyd; true if anything moved.
bool improve(const std::vector<float>& values, std::vector<float>& centroids) {
    std::vector<double> sums(centroids.size());
    std::vector<std::size_t> counts(centroids.size());
    for (const float value : values) {
        const std::size_t at = nearest(centroids, value);
        sums[at] += static_cast<double>(value);
        ++counts[at];
    }
    bool is_moved = false;
    for (std::size_t i = 0; i < centroids.size(); ++i) {
        const float mean = counts[i] == 0
                               ? centroids[i]
                               : static_cast<float>(sums[i] / static_cast<double>(counts[i]));
        is_moved = is_moved || mean != centroids[i];
        centroids[i] = mean;
    }
    return is_moved;
}

}  // namespace

Shared share_weights(const Matrix& weights, std::size_t count) {
    std::vector<float> values;
    std::copy_if(weights.values.begin(), weights.values.end(), std::back_inserter(values),
                 [](float value) { return value != 0; });
    Shared shared;
    if (values.empty()) {
        return shared;
    }
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    const float width = (*most - *least) / static_cast<float>(std::max<std::size_t>(count - 1, 1));
    for (std::size_t i = 0; i < count; ++i) {
        shared.centroids.push_back(*least + width * static_cast<float>(i));
    }
    for (int round = 0; round < kRounds && improve(values, shared.centroids); ++round) {
    }
    for (const float value : values) {
        shared.codes.push_back(static_cast<std::uint8_t>(nearest(shared.centroids, value)));
    }
    return shared;
}

Matrix shared_weights(const Matrix& weights, const Shared& shared) {
    Matrix result = weights;
    std::size_t at = 0;
    for (float& value : result.values) {
        if (value != 0) {
            value = shared.centroids[shared.codes[at++]];
        }
    }
    return result;
}

}  // namespace frugal::model
