// SPDX-License-Identifier: Apache-2.0
// Stage "delta": the weights of an int8 model so that little tells them from a base that devices
// have already. A weight keeps the base's value where the layer's output error that costs is worth
// less than the bits it saves; likewise scales and biases. Needs calibration inputs alone. The
// result is the same file with other weights, scales and biases. Pure, any thread.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "model/compress/layer_report.hpp"
#include "model/compress/work.hpp"

namespace frugal::model {

struct DeltaOptions {
    /// What a bit may cost in output error, as a share of the mean output power of a row. 0 leaves
    /// the model as it is, a very large one gives the base back.
    double lambda = 1e-6;
    double damping = 0.01;    ///< of the Hessian, in units of its mean diagonal
    double correction = 0.1;  ///< damping of making up for earlier layers; 0: do not
    int passes = 3;           ///< see GridOptions
    int sweeps = 2;
};

/// Rewrites work.file towards work.base. Layers are matched in the order they run; one of another
/// shape, or trained apart from the base's, is left alone. The density in a report is the share of
/// weights unlike the base's.
/// Fails with kUnsupported when all are left alone or the base has another number of layers,
/// kInvalidInput for unfit inputs or a base that is no model, kLimit beyond the memory of Replay or
/// of a LayerWalk's curvatures.
base::Result<std::vector<LayerReport>> delta_stage(Work& work, const DeltaOptions& options);

}  // namespace frugal::model
