// SPDX-License-Identifier: Apache-2.0
// A model ready to run: its bytes, the runtime's view of them, one arena and, for a streaming
// model, the state it keeps between runs. Owned by an engine; one thread at a time. clear() zeroes
// the activations, inputs included, and resets the state: nothing of a sample stays in memory, and
// nothing is ever written anywhere else. Beside what devices run it runs float32 and hybrid models,
// for evaluation before quantization and for answers from a larger model.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "frugal/runtime.h"

namespace frugal::inference {

/// One input or output of a model.
struct Port {
    fr_tensor_t tensor{};
    std::string name;
};

class LoadedModel {
public:
    /// Takes the bytes. Fails with kInvalidInput for a malformed model, kUnsupported for one the
    /// runtime does not run (the message names what is missing).
    static base::Result<LoadedModel> load(base::Bytes bytes);

    LoadedModel(LoadedModel&&) noexcept = default;
    LoadedModel& operator=(LoadedModel&&) noexcept = default;
    LoadedModel(const LoadedModel&) = delete;
    LoadedModel& operator=(const LoadedModel&) = delete;
    ~LoadedModel();

    const std::vector<Port>& inputs() const { return inputs_; }
    const std::vector<Port>& outputs() const { return outputs_; }
    std::size_t input_size() const { return input_size_; }
    std::size_t arena_size() const { return arena_.size(); }
    std::size_t state_size() const { return memory_.size(); }
    std::uint32_t work() const;

    /// Runs the inputs, given one after another in the order of the model's inputs. The outputs
    /// can be read until the next run or clear(). A streaming model goes on from the run before.
    /// Fails with kInvalidInput for a wrong size (naming sizes and shapes), kInternal otherwise.
    base::Result<void> run(base::ByteView input);

    /// Bytes of output number `port` of the last run.
    base::ByteView output(std::uint32_t port) const;

    /// Overwrites every activation with zeros; a streaming model forgets all runs.
    void clear();

private:
    LoadedModel() = default;

    /// The runtime's structures hold pointers to each other; on the heap they survive a move.
    struct State {
        fr_model_t model{};
        fr_interpreter_t interpreter{};
    };

    base::Result<void> open();
    base::Result<void> describe_ports();
    std::string describe_inputs() const;

    base::Bytes bytes_;
    base::Bytes arena_;
    base::Bytes memory_;  ///< the state of a streaming model
    std::unique_ptr<State> state_;
    std::vector<Port> inputs_;
    std::vector<Port> outputs_;
    std::size_t input_size_ = 0;
};

}  // namespace frugal::inference
