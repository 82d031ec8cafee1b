// SPDX-License-Identifier: Apache-2.0
// A model standing at the same operator for many inputs at once, each with its own arena, run by
// the device's reference runtime. Between two layers the activations can be read and the weights of
// layers not yet run rewritten. Owned by a stage, one thread; nothing leaves its memory.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "frugal/runtime.h"

namespace frugal::model {

class Replay {
public:
    /// Opens the model and places one input in every arena. A streaming model is first run over the
    /// inputs in their order, so that each starts from what was remembered before it.
    /// @param operators what the runtime can run; the gateway has some for float32 models
    /// Fails with kUnsupported for a model the runtime does not run, kInvalidInput for an input of
    /// the wrong size, kLimit when the arenas together exceed kReplayMemoryMax.
    static base::Result<Replay> open(base::Bytes file, const std::vector<base::Bytes>& inputs,
                                     const fr_operator_set_t* operators = &fr_operators_all);

    Replay(Replay&&) noexcept;
    Replay& operator=(Replay&&) noexcept;
    ~Replay();

    std::size_t size() const;  ///< inputs
    std::uint32_t operator_count() const;
    std::uint32_t position() const { return position_; }  ///< the next operator to run

    /// The model's bytes; weights of operators from position() on may be rewritten.
    base::Bytes& file();

    /// Runs every input up to, not including, operator `end`. kInternal if the runtime refuses.
    base::Result<void> advance(std::uint32_t end);

    /// An activation as real numbers. kNotFound if it is none, kUnsupported for other types than
    /// int8, uint8, int32 and float32.
    base::Result<void> read(std::size_t input, std::uint32_t tensor,
                            std::vector<float>& values) const;

    /// Output number `port` as real numbers, once all operators have run.
    base::Result<void> read_output(std::size_t input, std::uint32_t port,
                                   std::vector<float>& values) const;

private:
    struct State;
    explicit Replay(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
    std::uint32_t position_ = 0;
};

inline constexpr std::uint64_t kReplayMemoryMax = 1ull << 30;  ///< bytes of all arenas

/// Bytes of all inputs of a model, one after another. Fails as Replay::open().
base::Result<std::size_t> input_size(base::ByteView file,
                                     const fr_operator_set_t* operators = &fr_operators_all);

}  // namespace frugal::model
