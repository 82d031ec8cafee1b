// SPDX-License-Identifier: Apache-2.0
// Stage "regrid": the weights of an int8 model onto coarser steps, one step for all channels of a
// layer, by entropy-constrained GPTQ from calibration inputs alone; biases take up the mean of what
// is left. The result is the same file with other weights, scales and biases. Pure, any thread.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "model/compress/layer_report.hpp"
#include "model/compress/work.hpp"

namespace frugal::model {

struct RegridOptions {
    double step = 14;           ///< in steps of the layer's median channel
    double depthwise_step = 6;  ///< likewise; depthwise layers forgive little
    double lambda = 1e-6;       ///< see GridOptions::lambda; depthwise layers use 0
    double damping = 0.01;      ///< of the Hessian, in units of its mean diagonal
    double correction = 0.1;    ///< damping of making up for earlier layers; 0: do not
    int passes = 3;
    int sweeps = 2;
};

/// Rewrites work.file.
/// Fails with kUnsupported for a model the runtime does not run or without int8 layers,
/// kInvalidInput for unfit inputs, kLimit beyond the memory of Replay or of a
/// LayerWalk's curvatures.
base::Result<std::vector<LayerReport>> regrid(Work& work, const RegridOptions& options);

}  // namespace frugal::model
