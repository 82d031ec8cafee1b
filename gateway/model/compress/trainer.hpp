// SPDX-License-Identifier: Apache-2.0
// Training of small networks that are a chain of operators: Adam with a cosine schedule, dropout
// and images shifted by a few pixels; for retraining, pruning by global magnitude while it trains,
// distillation from a teacher, and weights held on a grid (straight-through gradients).
// Deterministic from the seed; one thread; shows its progress through a callback and never touches
// a clock.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "model/compress/augment.hpp"
#include "model/compress/chain.hpp"

namespace frugal::model {

struct TrainOptions {
    int epochs = 10;
    std::size_t batch = 128;
    double learning_rate = 1e-3;  ///< at the start; falls to 1 % of it along a cosine
    double dropout = 0.2;         ///< of the hidden units of dense steps
    std::uint64_t seed = 1;

    /// Share of weights left at the end; pruned along a cubic schedule over the first
    /// `pruning_share` of the steps. 1: weights that are 0 stay 0, no others are pruned.
    double density = 1;
    double pruning_share = 0.6;

    const Chain* teacher = nullptr;  ///< distilled from if given; sees the inputs as shifted
    double temperature = 2;
    double teacher_share = 0.7;  ///< of the loss

    Shifting shifting;

    /// Steps of a grid for each step's weights (those of pooling are not looked at), levels
    /// -level_max to level_max; empty: none.
    std::vector<float> steps;
    int level_max = 7;
};

struct TrainProgress {
    int epoch = 0;  ///< just finished, from 1
    int epochs = 0;
    double loss = 0;     ///< mean over the epoch
    double density = 1;  ///< of the weights
};

/// Trains from `start`. With steps given, the result's weights stand on the grid.
Chain train(const Chain& start, const Dataset& data, const TrainOptions& options,
            const std::function<void(const TrainProgress&)>& progress);

/// The same for a chain of dense layers.
Network train(const Network& start, const Dataset& data, const TrainOptions& options,
              const std::function<void(const TrainProgress&)>& progress);

/// The grid step with the least squared error over the weights that are not 0.
float best_step(const Matrix& weights, int level_max);

}  // namespace frugal::model
