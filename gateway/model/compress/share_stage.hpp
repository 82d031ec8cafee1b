// SPDX-License-Identifier: Apache-2.0
// Stage "share": the weights of each layer by k-means onto a few shared values (Han, Mao, Dally
// 2016, section 3), those of an int8 layer onto a few of its levels. Zeros stay zeros, and the file
// keeps its size and structure. Pure function, any thread.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "model/compress/layer_report.hpp"
#include "model/compress/work.hpp"

namespace frugal::model {

struct ShareOptions {
    int bits = 5;  ///< of a code: a layer has at most 2^bits values that are not 0
    int depthwise_bits = 8;
};

/// Errors as regrid().
base::Result<std::vector<LayerReport>> share_stage(Work& work, const ShareOptions& options);

}  // namespace frugal::model
