// SPDX-License-Identifier: Apache-2.0
// What the weights of each layer weigh: stored bits, and the order-0 entropy of their values, which
// bounds every coder that looks at one value at a time. Pure function; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "model/tflite/summary.hpp"

namespace frugal::model {

/// The constants of one tensor, named after the first operator that reads them.
struct LayerWeights {
    std::uint32_t tensor = 0;
    std::uint32_t operator_index = 0;
    std::string operator_name;  ///< "CONV_2D"
    std::uint64_t elements = 0;
    std::uint64_t stored_bytes = 0;
    double stored_bits = 0;         ///< of one element
    double entropy_bits = 0;        ///< of one element: of its bytes for elements of several bytes
    std::uint64_t bound_bytes = 0;  ///< elements times entropy, rounded up
};

/// In the order of the file. `bytes` are those the summary was made of.
std::vector<LayerWeights> weigh_layers(const ModelSummary& summary, base::ByteView bytes);

}  // namespace frugal::model
