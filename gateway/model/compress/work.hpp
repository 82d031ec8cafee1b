// SPDX-License-Identifier: Apache-2.0
// A model on its way through the stages, beside the original it is held against. A stage changes
// file and inputs (quantizing changes what a model takes), never the original. Owned by the
// pipeline, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "frugal/runtime.h"

namespace frugal::model {

struct Work {
    base::Bytes original;
    std::vector<base::Bytes> original_inputs;  ///< calibration inputs as the original takes them
    base::Bytes file;
    std::vector<base::Bytes> inputs;    ///< the same, as `file` takes them
    std::vector<std::uint32_t> labels;  ///< of the inputs, or empty
    const fr_operator_set_t* operators = &fr_operators_all;
    base::Bytes base{};                 ///< what devices have already, or empty
    std::size_t calibration_count = 0;  ///< inputs that stages without labels look at; 0: all

    /// The first of a list of inputs, as many as stages without labels look at.
    std::vector<base::Bytes> calibration_of(const std::vector<base::Bytes>& list) const {
        const bool is_limited = calibration_count != 0 && calibration_count < list.size();
        return {list.begin(), is_limited
                                  ? list.begin() + static_cast<std::ptrdiff_t>(calibration_count)
                                  : list.end()};
    }
};

}  // namespace frugal::model
