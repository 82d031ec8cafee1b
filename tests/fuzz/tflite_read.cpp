// SPDX-License-Identifier: Apache-2.0
// The gateway's model reader on hostile bytes: a summary whose parts agree with each other, or an
// error that says something. Pass a folder of real .tflite files as a further corpus.
#include "model/tflite/layers.hpp"
#include "model/tflite/summary.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
    frugal::base::Bytes bytes(input, input + size);
    auto summary = frugal::model::read_model(bytes);
    if (!summary) {
        return summary.error().message.empty() ? (__builtin_trap(), 0) : 0;
    }
    if (summary->is_runnable != summary->missing.empty()) {
        __builtin_trap();
    }
    for (const auto& weight : summary->weights) {
        if (weight.range.offset > size || weight.range.size > size - weight.range.offset) {
            __builtin_trap();
        }
    }
    for (std::uint32_t tensor : summary->inputs) {
        if (tensor >= summary->tensors.size()) {
            __builtin_trap();
        }
    }
    const auto layers = frugal::model::read_layers(bytes);
    for (const auto& layer : layers ? *layers : std::vector<frugal::model::Layer>{}) {
        const bool is_inside = layer.weights.offset <= size &&
                               layer.weights.size <= size - layer.weights.offset &&
                               layer.weight_scales.size <= size - layer.weight_scales.offset;
        if (layer.obstacle.empty() && !is_inside) {
            __builtin_trap();
        }
    }
    return 0;
}
