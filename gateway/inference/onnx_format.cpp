// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string_view>

#include "inference/onnx.hpp"

namespace frugal::inference {

// A ModelProto has no magic; every writer begins with its field 1, ir_version, a small number.
bool is_onnx(base::ByteView bytes) {
    constexpr std::uint8_t kIrVersionTag = 0x08;
    constexpr std::uint8_t kIrVersionMax = 32;
    constexpr std::string_view kTflite = "TFL3";
    const bool is_tflite =
        bytes.size() >= 8 && std::equal(kTflite.begin(), kTflite.end(), bytes.begin() + 4);
    return bytes.size() >= 16 && bytes[0] == kIrVersionTag && bytes[1] >= 1 &&
           bytes[1] <= kIrVersionMax && !is_tflite;
}

}  // namespace frugal::inference
