// SPDX-License-Identifier: Apache-2.0
// Stage "prune": takes weights away from every layer of an int8 or float32 model, by OBC from
// calibration inputs alone, or by magnitude or OBD for comparison. The file keeps its size and
// structure; zeros are what the entropy coder does not pay for. Pure function, any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/compress/layer_report.hpp"
#include "model/compress/work.hpp"

namespace frugal::model {

struct PruneOptions {
    std::string method = "obc";  ///< "obc", "obd" or "magnitude"
    double density = 0.5;        ///< share of weights left in every layer
    double depthwise_density = 1;
    double damping = 0.01;  ///< of the Hessian, in units of its mean diagonal
};

/// Errors as regrid().
base::Result<std::vector<LayerReport>> prune_stage(Work& work, const PruneOptions& options);

}  // namespace frugal::model
