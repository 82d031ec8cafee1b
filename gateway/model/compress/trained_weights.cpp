// SPDX-License-Identifier: Apache-2.0
#include "model/compress/trained_weights.hpp"

#include <algorithm>
#include <cmath>

namespace frugal::model {

TrainedWeights::TrainedWeights(const ChainStep& step)
    : slopes{Matrix(step.weights.columns, step.weights.rows), std::vector<float>(step.bias.size())},
      bias(step.bias),
      weights_(transposed(step.weights)),
      effective_(weights_),
      mask_(weights_.values.size()),
      weights_adam_(weights_.values.size()),
      bias_adam_(bias.size()) {
    for (std::size_t i = 0; i < mask_.size(); ++i) {
        mask_[i] = weights_.values[i] != 0 ? 1 : 0;
    }
}

const Matrix& TrainedWeights::apply(const WeightGrid& grid) {
    const auto most = static_cast<float>(grid.level_max);
    for (std::size_t i = 0; i < mask_.size(); ++i) {
        float& value = weights_.values[i];
        value = mask_[i] != 0 ? value : 0.0F;
        effective_.values[i] =
            grid.step > 0 ? grid.step * std::clamp(std::nearbyint(value / grid.step), -most, most)
                          : value;
    }
    return effective_;
}

void TrainedWeights::update(double rate) {
    weights_adam_.step(weights_.values, slopes.weights.values, rate);
    bias_adam_.step(bias, slopes.bias, rate);
}

void TrainedWeights::prune_below(float threshold) {
    for (std::size_t i = 0; i < mask_.size(); ++i) {
        mask_[i] = std::abs(weights_.values[i]) >= threshold ? mask_[i] : 0;
    }
}

void prune_globally(std::vector<TrainedWeights>& layers, double density) {
    std::vector<float> sizes;
    std::size_t all = 0;
    for (const TrainedWeights& layer : layers) {
        all += layer.mask().size();
        for (std::size_t i = 0; i < layer.mask().size(); ++i) {
            if (layer.mask()[i] != 0) {
                sizes.push_back(std::abs(layer.weights().values[i]));
            }
        }
    }
    const auto keep = static_cast<std::size_t>(density * static_cast<double>(all));
    if (keep >= sizes.size()) {
        return;
    }
    const auto cut = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() - keep);
    std::nth_element(sizes.begin(), cut, sizes.end());
    const float threshold = cut == sizes.end() ? INFINITY : *cut;
    for (TrainedWeights& layer : layers) {
        layer.prune_below(threshold);
    }
}

double density_of(const std::vector<TrainedWeights>& layers) {
    std::size_t kept = 0;
    std::size_t all = 0;
    for (const TrainedWeights& layer : layers) {
        kept += static_cast<std::size_t>(
            std::count(layer.mask().begin(), layer.mask().end(), std::uint8_t{1}));
        all += layer.mask().size();
    }
    return static_cast<double>(kept) / static_cast<double>(all);
}

}  // namespace frugal::model
