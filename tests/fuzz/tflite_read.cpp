// SPDX-License-Identifier: Apache-2.0
// The gateway's model reader on hostile bytes: a summary whose parts agree with each other, or an
// error that says something; what strip makes of the file reads as the file does. Pass a folder of
// real .tflite files as a further corpus.
#include <string>

#include "model/tflite/graph.hpp"
#include "model/tflite/layers.hpp"
#include "model/tflite/strip.hpp"
#include "model/tflite/summary.hpp"

namespace {

void check_strip(const frugal::base::Bytes& bytes, const frugal::model::ModelSummary& summary) {
    const auto stripped = frugal::model::strip_model(bytes);
    if (!stripped) {
        // An internal error is strip's own word for a bug.
        if (stripped.error().kind == frugal::base::ErrorKind::kInternal) {
            __builtin_trap();
        }
        return;
    }
    const auto again = frugal::model::read_model(*stripped);
    if (stripped->size() > bytes.size() || !again ||
        again->tensors.size() != summary.tensors.size() || again->inputs != summary.inputs ||
        again->outputs != summary.outputs) {
        __builtin_trap();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
    frugal::base::Bytes bytes(input, input + size);
    auto summary = frugal::model::read_model(bytes);
    if (!summary) {
        // A file FlatBuffers refuses is refused by the name of what is wrong.
        const std::string& message = summary.error().message;
        const bool is_named = message.find("structure does not verify") == std::string::npos;
        return message.empty() || !is_named ? (__builtin_trap(), 0) : 0;
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
    check_strip(bytes, *summary);
    frugal::model::read_graph(bytes);
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
