// SPDX-License-Identifier: Apache-2.0
// Stage "retrain": trains a small float32 model (a chain of convolutions, dense layers and pooling)
// on with labelled inputs, the original as its teacher; may prune it on the way. Weights that are 0
// stay 0. One thread; deterministic from the seed.
#pragma once

#include <functional>
#include <vector>

#include "base/result.hpp"
#include "model/compress/layer_report.hpp"
#include "model/compress/trainer.hpp"
#include "model/compress/work.hpp"

namespace frugal::model {

struct RetrainOptions {
    int epochs = 10;
    int batch = 128;
    double learning_rate = 1e-3;
    double dropout = 0.1;
    double density = 1;          ///< below 1: pruned by global magnitude while it trains
    double teacher_share = 0.7;  ///< of the loss; the rest is the labels'
    int shift = 0;               ///< pixels that images are moved by at random, at most
    int image_width = 0;         ///< of inputs that are no image by their shape; needed to shift
    int seed = 1;
};

/// Rewrites work.file; the density that each layer reached is reported.
/// Fails with kInvalidInput without labels, with fewer inputs than a batch or a width that is none,
/// kUnsupported as chain_of_file(), and where more weights are left than asked for.
base::Result<std::vector<LayerReport>> retrain(
    Work& work, const RetrainOptions& options,
    const std::function<void(const TrainProgress&)>& progress);

}  // namespace frugal::model
