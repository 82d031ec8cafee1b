// SPDX-License-Identifier: Apache-2.0
// The part of an ONNX file that is read by hand: never crashes, and a shape is one devices can
// send.
#include <cstdint>
#include <cstdlib>

#include "frugal/limits.h"
#include "inference/onnx_format.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace frugal;
    (void)inference::is_onnx({bytes, size});
    if (const auto shape = inference::onnx_input_shape({bytes, size})) {
        std::uint64_t elements = 1;
        for (const int side : *shape) {
            elements *= side < 1 ? 0 : static_cast<std::uint64_t>(side);
        }
        if (elements < 1 || elements > FR_FEATURES_SIZE_MAX) {
            std::abort();
        }
    }
    return 0;
}
