// SPDX-License-Identifier: Apache-2.0
#include "model/compress/round_scales.hpp"

#include <bit>
#include <cstdint>

#include "model/compress/layer_values.hpp"
#include "model/tflite/schema.hpp"

namespace frugal::model {

namespace {
constexpr int kMantissaBits = 23;
}  // namespace

float round_mantissa(float value, int bits) {
    if (bits >= kMantissaBits) {
        return value;
    }
    const std::uint32_t unit = 1U << (kMantissaBits - bits);
    const std::uint32_t rounded = std::bit_cast<std::uint32_t>(value) + unit / 2;
    return std::bit_cast<float>(rounded & ~(unit - 1));
}

base::Result<base::Bytes> round_scales(base::Bytes file, const RoundScalesOptions& options) {
    const auto layers = read_layers(file);
    if (!layers) {
        return tl::unexpected(layers.error());
    }
    for (const Layer& layer : *layers) {
        const bool has_scales = layer.obstacle.empty() && layer.weights_type == kInt8 &&
                                layer.input_scale > 0 && layer.weight_scales.size > 0;
        if (!has_scales) {
            continue;
        }
        const LayerValues values = read_values(file, layer);
        std::vector<float> scales = values.scales;
        for (float& scale : scales) {
            scale = round_mantissa(scale, options.mantissa_bits);
        }
        write_scales(file, layer, scales, values.bias);
    }
    return file;
}

}  // namespace frugal::model
