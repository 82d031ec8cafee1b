// SPDX-License-Identifier: Apache-2.0
// The engine that answers escalations with a larger model, through the very runtime and the very
// classification the devices carry. Owned by the worker pool, one thread at a time. An input is
// never stored: the arena is zeroed before classify() returns.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "inference/loaded_model.hpp"

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

    std::size_t input_size() const { return model_.input_size(); }
    std::size_t class_count() const { return model_.outputs().front().tensor.element_count; }
    std::size_t arena_size() const { return model_.arena_size(); }
    const LoadedModel& model() const { return model_; }

private:
    explicit Engine(LoadedModel model) : model_(std::move(model)) {}

    LoadedModel model_;
};

}  // namespace frugal::inference
