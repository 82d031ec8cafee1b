// SPDX-License-Identifier: Apache-2.0
// Stage "retrain": trains a float32 model of dense layers on with labelled inputs, the original as
// its teacher; may prune it on the way. Weights that are 0 stay 0. One thread; deterministic from
// the seed.
#pragma once

#include "base/result.hpp"
#include "model/compress/network.hpp"
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
    int seed = 1;
};

/// The network a chain of dense operators is (an optional softmax last).
/// Fails with kUnsupported, naming the operator, for any other model.
base::Result<Network> network_of(base::ByteView file);

/// Rewrites work.file.
/// Fails with kInvalidInput without labels or with fewer inputs than a batch, kUnsupported as
/// network_of().
base::Result<void> retrain(Work& work, const RetrainOptions& options,
                           const std::function<void(const TrainProgress&)>& progress);

}  // namespace frugal::model
