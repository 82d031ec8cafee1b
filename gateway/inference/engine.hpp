// SPDX-License-Identifier: Apache-2.0
// The engine that answers escalations with a larger model: a .tflite through the very
// runtime and classification the devices carry, or an ONNX network where OpenCV is there.
// Owned by the worker pool, one thread at a time. An input is never stored: the memory it was in is
// zeroed before classify() returns.
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "inference/loaded_model.hpp"
#include "inference/onnx.hpp"

namespace frugal::inference {

struct Classification {
    std::uint16_t class_index = 0;
    std::uint8_t confidence_q8 = 0;            ///< probability of the class in 1/256, at most 255
    std::uint8_t margin_q8 = 0;                ///< to the runner-up
    std::vector<std::uint8_t> probability_q8;  ///< of every class, the same scale
    std::vector<float> probability;            ///< of every class, dequantized
};

class Engine {
public:
    /// Takes the bytes of a classifier: one input, one output of probabilities.
    /// Fails like LoadedModel::load(), and with kUnsupported if the model is no classifier.
    static base::Result<Engine> load(base::Bytes model);

    /// Classifies one raw input tensor.
    /// Fails with kInvalidInput for a wrong size, kInternal if the runtime fails.
    base::Result<Classification> classify(base::ByteView input);

    /// Classifies several input tensors in one call, the form the edge workers use: one result for
    /// each, in their order. Another's failure does not touch an input's own result.
    std::vector<base::Result<Classification>> classify_batch(
        std::span<const base::ByteView> inputs);

    std::size_t input_size() const;
    std::size_t class_count() const;
    /// The model of the devices' runtime; null for an ONNX network.
    const LoadedModel* model() const { return std::get_if<LoadedModel>(&model_); }

private:
    explicit Engine(LoadedModel model) : model_(std::move(model)) {}
    explicit Engine(OnnxNetwork network) : model_(std::move(network)) {}

    std::variant<LoadedModel, OnnxNetwork> model_;
};

}  // namespace frugal::inference
