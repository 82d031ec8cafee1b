// SPDX-License-Identifier: Apache-2.0
#include "model/compress/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "model/tflite/names.hpp"
#include "model/tflite/refusal.hpp"

namespace frugal::model {

using base::Bytes;
using base::ErrorKind;
using base::fail;
using base::Result;

struct Replay::State {
    Bytes file;
    fr_model_t model{};
    std::vector<Bytes> arenas;
    std::vector<Bytes> states;  ///< of a streaming model: what it remembered before each input
    std::vector<fr_interpreter_t> interpreters;

    Result<void> bind(const std::vector<Bytes>& inputs, std::size_t arena_size);
};

namespace {

Result<void> open_model(base::ByteView file, const fr_operator_set_t* operators,
                        fr_model_t& model) {
    fr_model_problem_t problem;
    const fr_status_t status =
        fr_model_open_with(&model, operators, file.data(), file.size(), &problem);
    return status == FR_OK ? Result<void>{}
                           : tl::unexpected(explain_refusal(file, status, problem));
}

Result<std::size_t> input_size_of(const fr_model_t& model) {
    std::size_t size = 0;
    for (std::uint32_t port = 0; port < model.input_count; ++port) {
        fr_tensor_t tensor;
        if (fr_model_input(&model, port, &tensor) != FR_OK) {
            return fail(ErrorKind::kInternal, "model: input cannot be described");
        }
        size += tensor.size_bytes;
    }
    return size;
}

Result<void> place_input(const fr_model_t& model, const fr_interpreter_t& interpreter,
                         base::ByteView input) {
    for (std::uint32_t port = 0; port < model.input_count; ++port) {
        std::uint8_t* data = nullptr;
        std::size_t size = 0;
        if (fr_interpreter_input(&interpreter, port, &data, &size) != FR_OK) {
            return fail(ErrorKind::kInternal, "model input: no place in the arena");
        }
        std::copy_n(input.begin(), size, data);
        input = input.subspan(size);
    }
    return {};
}

/// Runs a streaming model over the inputs in their order and notes its state before each.
Result<std::vector<Bytes>> states_before(const fr_model_t& model, const std::vector<Bytes>& inputs,
                                         std::size_t arena_size) {
    Bytes state(fr_state_size(&model));
    Bytes arena(arena_size);
    fr_interpreter_t interpreter;
    if (fr_interpreter_init(&interpreter, &model, arena.data(), arena.size()) != FR_OK ||
        fr_state_reset(&model, state.data(), state.size()) != FR_OK ||
        fr_interpreter_bind_state(&interpreter, state.data(), state.size()) != FR_OK) {
        return fail(ErrorKind::kInternal, "model: its state cannot be set up");
    }
    std::vector<Bytes> states;
    for (const Bytes& input : inputs) {
        states.push_back(state);
        const auto placed = place_input(model, interpreter, input);
        if (!placed) {
            return tl::unexpected(placed.error());
        }
        if (fr_interpreter_invoke(&interpreter) != FR_OK) {
            return fail(ErrorKind::kInternal, "model: the runtime refused to run it");
        }
    }
    return states;
}

template <typename T>
void convert(const std::uint8_t* data, const fr_tensor_t& tensor, std::vector<float>& values) {
    const float scale = tensor.scale_count == 0 ? 1.0F : std::bit_cast<float>(tensor.scale_bits);
    const float zero = tensor.scale_count == 0 ? 0.0F : static_cast<float>(tensor.zero_point);
    for (std::uint32_t i = 0; i < tensor.element_count; ++i) {
        T value{};
        std::memcpy(&value, data + sizeof(T) * i, sizeof(T));
        values[i] = (static_cast<float>(value) - zero) * scale;
    }
}

}  // namespace

/// One interpreter for each input, the input in place.
Result<void> Replay::State::bind(const std::vector<Bytes>& inputs, std::size_t arena_size) {
    if (fr_state_size(&model) != 0) {
        auto before = states_before(model, inputs, arena_size);
        if (!before) {
            return tl::unexpected(before.error());
        }
        states = std::move(*before);
    }
    arenas.assign(inputs.size(), Bytes(arena_size));
    interpreters.resize(inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        fr_interpreter_t& one = interpreters[i];
        const bool is_ready =
            fr_interpreter_init(&one, &model, arenas[i].data(), arenas[i].size()) == FR_OK &&
            (states.empty() ||
             fr_interpreter_bind_state(&one, states[i].data(), states[i].size()) == FR_OK);
        if (!is_ready) {
            return fail(ErrorKind::kInternal, "model: the planned arena does not suffice");
        }
        const auto placed = place_input(model, one, inputs[i]);
        if (!placed) {
            return placed;
        }
    }
    return {};
}

Replay::Replay(std::unique_ptr<State> state) : state_(std::move(state)) {}
Replay::Replay(Replay&&) noexcept = default;
Replay& Replay::operator=(Replay&&) noexcept = default;
Replay::~Replay() = default;

Result<Replay> Replay::open(Bytes file, const std::vector<Bytes>& inputs,
                            const fr_operator_set_t* operators) {
    auto state = std::make_unique<State>();
    state->file = std::move(file);
    const auto opened = open_model(state->file, operators, state->model);
    const auto size =
        opened ? input_size_of(state->model) : Result<std::size_t>(tl::unexpected(opened.error()));
    if (!size) {
        return tl::unexpected(size.error());
    }
    Bytes scratch(fr_model_plan_scratch_size(&state->model));
    fr_plan_t plan;
    if (fr_model_plan(&state->model, scratch.data(), scratch.size(), &plan) != FR_OK ||
        (plan.arena_size_bytes + plan.state_size_bytes) * std::uint64_t{inputs.size()} >
            kReplayMemoryMax) {
        return fail(
            ErrorKind::kLimit,
            fmt::format("calibration: {} inputs at once need too much memory", inputs.size()),
            fmt::format("the limit is {} bytes for all arenas", kReplayMemoryMax),
            "Give fewer calibration inputs.");
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (inputs[i].size() != *size) {
            return fail(ErrorKind::kInvalidInput,
                        fmt::format("calibration input {}: {} bytes given, {} expected", i,
                                    inputs[i].size(), *size),
                        "an input is the raw bytes of the model's input tensors",
                        "See shapes and types with frugalctl model inspect.");
        }
    }
    const auto bound = state->bind(inputs, plan.arena_size_bytes);
    if (!bound) {
        return tl::unexpected(bound.error());
    }
    return Replay(std::move(state));
}

std::size_t Replay::size() const {
    return state_->interpreters.size();
}

std::uint32_t Replay::operator_count() const {
    return state_->model.operator_count;
}

Bytes& Replay::file() {
    return state_->file;
}

Result<void> Replay::advance(std::uint32_t end) {
    for (const fr_interpreter_t& interpreter : state_->interpreters) {
        if (fr_interpreter_run_operators(&interpreter, position_, end) != FR_OK) {
            return fail(ErrorKind::kInternal, "model: the runtime refused to run it");
        }
    }
    position_ = end;
    return {};
}

Result<void> Replay::read(std::size_t input, std::uint32_t index,
                          std::vector<float>& values) const {
    fr_tensor_t tensor;
    const std::uint8_t* data = nullptr;
    std::size_t size = 0;
    if (fr_model_tensor(&state_->model, index, &tensor) != FR_OK ||
        fr_interpreter_activation(&state_->interpreters[input], index, &data, &size) != FR_OK) {
        return fail(ErrorKind::kNotFound, fmt::format("tensor {} is no activation", index));
    }
    values.resize(tensor.element_count);
    switch (tensor.type) {
        case FR_TENSOR_INT8:
            convert<std::int8_t>(data, tensor, values);
            return {};
        case FR_TENSOR_UINT8:
            convert<std::uint8_t>(data, tensor, values);
            return {};
        case FR_TENSOR_INT32:
            convert<std::int32_t>(data, tensor, values);
            return {};
        case FR_TENSOR_FLOAT32:
            std::memcpy(values.data(), data, size);
            return {};
        default:
            return fail(ErrorKind::kUnsupported,
                        fmt::format("tensor {} holds {}", index, tensor_type_name(tensor.type)));
    }
}

Result<void> Replay::read_output(std::size_t input, std::uint32_t port,
                                 std::vector<float>& values) const {
    fr_tensor_t tensor;
    if (fr_model_output(&state_->model, port, &tensor) != FR_OK) {
        return fail(ErrorKind::kNotFound, fmt::format("the model has no output {}", port));
    }
    return read(input, tensor.index, values);
}

Result<std::size_t> input_size(base::ByteView file, const fr_operator_set_t* operators) {
    fr_model_t model;
    const auto opened = open_model(file, operators, model);
    return opened ? input_size_of(model) : Result<std::size_t>(tl::unexpected(opened.error()));
}

}  // namespace frugal::model
