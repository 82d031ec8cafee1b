// SPDX-License-Identifier: Apache-2.0
// What a stage did to one layer. Plain values; made by the stages, printed by others.
#pragma once

#include <cstdint>
#include <string>

namespace frugal::model {

struct LayerReport {
    std::string name;
    std::string kind;  ///< "convolution", "depthwise", "dense"
    std::uint64_t weights = 0;
    double step = 0;             ///< distance of two levels; 0 if there is no grid
    double density = 1;          ///< share of weights that are not zero
    double bits_per_weight = 0;  ///< estimate for the entropy coder; 0 if not asked
    double snr_db = 0;           ///< of the layer's output on the calibration inputs
    std::string note;            ///< why it was left alone
};

}  // namespace frugal::model
