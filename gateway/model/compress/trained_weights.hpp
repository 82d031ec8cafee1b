// SPDX-License-Identifier: Apache-2.0
// The parameters of one step while they are trained: weights with a row for each input, which of
// them are left, and what the forward pass sees of them. Owned by the trainer; one thread.
#pragma once

#include <cstdint>
#include <vector>

#include "model/compress/adam.hpp"
#include "model/compress/chain.hpp"
#include "model/compress/step_run.hpp"

namespace frugal::model {

/// Levels -level_max to level_max of a step; a step of 0 is no grid.
struct WeightGrid {
    float step = 0;
    int level_max = 7;
};

class TrainedWeights {
public:
    /// Weights that are 0 stay 0.
    explicit TrainedWeights(const ChainStep& step);

    StepSlopes slopes;
    std::vector<float> bias;

    const Matrix& weights() const { return weights_; }
    const std::vector<std::uint8_t>& mask() const { return mask_; }

    /// What the forward pass sees: pruned and on the grid; stays until the next call.
    const Matrix& apply(const WeightGrid& grid);

    /// Down the slopes; the slope passes straight through the grid.
    void update(double rate);

    /// Takes away the weights smaller than `threshold`.
    void prune_below(float threshold);

private:
    Matrix weights_;
    Matrix effective_;
    std::vector<std::uint8_t> mask_;
    Adam weights_adam_;
    Adam bias_adam_;
};

/// Takes away the smallest weights of all, until `density` of them are left.
void prune_globally(std::vector<TrainedWeights>& layers, double density);

/// The share of weights left.
double density_of(const std::vector<TrainedWeights>& layers);

}  // namespace frugal::model
