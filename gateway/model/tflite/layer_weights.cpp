// SPDX-License-Identifier: Apache-2.0
#include "model/tflite/layer_weights.hpp"

#include <array>
#include <cmath>

#include "model/tflite/names.hpp"

namespace frugal::model {

namespace {

/// Bits of one byte at `plane` of every `stride`: floats have planes of very different entropy.
double plane_entropy(base::ByteView bytes, std::size_t plane, std::size_t stride) {
    std::array<std::uint64_t, 256> counts{};
    std::uint64_t total = 0;
    for (std::size_t at = plane; at < bytes.size(); at += stride) {
        ++counts[bytes[at]];
        ++total;
    }
    double bits = 0;
    for (const std::uint64_t count : counts) {
        if (count != 0) {
            const double share = static_cast<double>(count) / static_cast<double>(total);
            bits -= share * std::log2(share);
        }
    }
    return bits;
}

}  // namespace

std::vector<LayerWeights> weigh_layers(const ModelSummary& summary, base::ByteView bytes) {
    std::vector<LayerWeights> layers;
    for (const WeightSummary& weight : summary.weights) {
        LayerWeights layer;
        layer.tensor = weight.tensor;
        layer.operator_index = weight.operator_index;
        layer.operator_name = operator_name(weight.operator_code);
        layer.stored_bytes = weight.range.size;
        layer.elements = 1;
        for (const std::int32_t length : weight.shape) {
            layer.elements *= static_cast<std::uint64_t>(length);
        }
        if (layer.elements == 0 || layer.stored_bytes == 0) {
            continue;
        }
        const base::ByteView data = bytes.subspan(weight.range.offset, weight.range.size);
        const std::size_t width =
            layer.stored_bytes % layer.elements == 0 ? layer.stored_bytes / layer.elements : 1;
        for (std::size_t plane = 0; plane < width; ++plane) {
            layer.entropy_bits += plane_entropy(data, plane, width);
        }
        const auto count = static_cast<double>(layer.elements);
        layer.stored_bits = 8.0 * static_cast<double>(layer.stored_bytes) / count;
        layer.bound_bytes = static_cast<std::uint64_t>(std::ceil(count * layer.entropy_bits / 8));
        layers.push_back(std::move(layer));
    }
    return layers;
}

}  // namespace frugal::model
