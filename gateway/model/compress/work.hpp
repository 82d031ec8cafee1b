// SPDX-License-Identifier: Apache-2.0
// A model on its way through the stages, beside the original it is held against. A stage changes
// file and inputs (quantizing changes what a model takes), never the original. Owned by the
// pipeline, one thread.
#pragma once

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
};

}  // namespace frugal::model
