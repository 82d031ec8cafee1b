// SPDX-License-Identifier: Apache-2.0
// Stage "regrid": the weights of an int8 model onto coarser steps, one step for all channels of a
// layer, by entropy-constrained GPTQ from calibration inputs alone; biases take up the mean of what
// is left. The result is the same file with other weights, scales and biases. Pure, any thread.
#pragma once

#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "model/compress/layer_report.hpp"

namespace frugal::model {

struct RegridOptions {
    double step = 16;           ///< in steps of the layer's median channel
    double depthwise_step = 8;  ///< likewise; depthwise layers forgive little
    double lambda = 0.1;        ///< see GridOptions::lambda; depthwise layers use 0
    double damping = 0.01;      ///< of the Hessian, in units of its mean diagonal
    double correction = 0.1;    ///< damping of making up for earlier layers; 0: do not
    int passes = 3;
    int sweeps = 2;
};

struct Regridded {
    base::Bytes file;
    std::vector<LayerReport> layers;
};

/// @param original what the outputs are held against; may be `file` itself
/// Fails with kUnsupported for a model the runtime does not run or without int8 layers,
/// kInvalidInput for unfit inputs, kLimit beyond the memory of Replay.
base::Result<Regridded> regrid(base::Bytes original, base::Bytes file,
                               const std::vector<base::Bytes>& inputs,
                               const RegridOptions& options);

}  // namespace frugal::model
