// SPDX-License-Identifier: Apache-2.0
#include "inference/loaded_model.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

#include "base/assert.hpp"
#include "inference/float/operators.hpp"
#include "model/tflite/names.hpp"
#include "model/tflite/refusal.hpp"
#include "model/tflite/summary.hpp"

namespace frugal::inference {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

std::string describe_port(const Port& port) {
    std::span<const std::uint32_t> shape(port.tensor.shape, port.tensor.rank);
    return fmt::format("'{}' {} [{}] {} bytes", port.name,
                       model::tensor_type_name(port.tensor.type), fmt::join(shape, ", "),
                       port.tensor.size_bytes);
}

}  // namespace

Result<LoadedModel> LoadedModel::load(base::Bytes bytes) {
    LoadedModel loaded;
    loaded.bytes_ = std::move(bytes);
    loaded.state_ = std::make_unique<State>();
    Result<void> opened = loaded.open();
    if (opened) {
        opened = loaded.describe_ports();
    }
    if (!opened) {
        return tl::unexpected(opened.error());
    }
    return loaded;
}

LoadedModel::~LoadedModel() {
    if (state_ != nullptr && !arena_.empty()) {
        clear();
    }
}

Result<void> LoadedModel::open() {
    fr_model_problem_t problem;
    fr_status_t status = fr_model_open_with(&state_->model, &gateway_operators(), bytes_.data(),
                                            bytes_.size(), &problem);
    if (status != FR_OK) {
        return tl::unexpected(model::explain_refusal(bytes_, status, problem));
    }
    arena_.resize(fr_model_plan_scratch_size(&state_->model));
    fr_plan_t plan;
    if (fr_model_plan(&state_->model, arena_.data(), arena_.size(), &plan) != FR_OK) {
        return fail(ErrorKind::kLimit, "model: its activations are too large",
                    fmt::format("the limit is {} bytes", FR_MODEL_ARENA_MAX),
                    "use a smaller model");
    }
    arena_.resize(plan.arena_size_bytes);
    if (fr_interpreter_init(&state_->interpreter, &state_->model, arena_.data(), arena_.size()) !=
        FR_OK) {
        return fail(ErrorKind::kInternal, "model: the planned arena does not suffice");
    }
    memory_.resize(plan.state_size_bytes);
    if (fr_interpreter_bind_state(&state_->interpreter, memory_.data(), memory_.size()) != FR_OK ||
        fr_state_reset(&state_->model, memory_.data(), memory_.size()) != FR_OK) {
        return fail(ErrorKind::kInternal, "model: its state cannot be set up");
    }
    return {};
}

Result<void> LoadedModel::describe_ports() {
    auto summary = model::read_model(bytes_);
    if (!summary) {
        return tl::unexpected(summary.error());
    }
    for (std::uint32_t port = 0; port < state_->model.input_count; ++port) {
        Port one;
        if (fr_model_input(&state_->model, port, &one.tensor) != FR_OK) {
            return fail(ErrorKind::kInternal, "model: input cannot be described");
        }
        one.name = summary->tensors.at(one.tensor.index).name;
        input_size_ += one.tensor.size_bytes;
        inputs_.push_back(std::move(one));
    }
    for (std::uint32_t port = 0; port < state_->model.output_count; ++port) {
        Port one;
        if (fr_model_output(&state_->model, port, &one.tensor) != FR_OK) {
            return fail(ErrorKind::kInternal, "model: output cannot be described");
        }
        one.name = summary->tensors.at(one.tensor.index).name;
        outputs_.push_back(std::move(one));
    }
    return {};
}

std::uint32_t LoadedModel::work() const {
    return state_->model.work;
}

std::string LoadedModel::describe_inputs() const {
    std::vector<std::string> list;
    for (const Port& port : inputs_) {
        list.push_back(describe_port(port));
    }
    return fmt::format("{}", fmt::join(list, ", then "));
}

Result<void> LoadedModel::run(base::ByteView input) {
    if (input.size() != input_size_) {
        return fail(
            ErrorKind::kInvalidInput,
            fmt::format("model input: {} bytes given, {} expected", input.size(), input_size_),
            "the model's inputs are " + describe_inputs(),
            "give the raw tensor bytes, one input after another");
    }
    for (std::uint32_t port = 0; port < inputs_.size(); ++port) {
        std::uint8_t* data = nullptr;
        std::size_t size = 0;
        if (fr_interpreter_input(&state_->interpreter, port, &data, &size) != FR_OK) {
            return fail(ErrorKind::kInternal, "model input: no place in the arena");
        }
        std::copy_n(input.begin(), size, data);
        input = input.subspan(size);
    }
    if (fr_interpreter_invoke(&state_->interpreter) != FR_OK) {
        clear();
        return fail(ErrorKind::kInternal, "model: the runtime refused to run it");
    }
    return {};
}

base::ByteView LoadedModel::output(std::uint32_t port) const {
    const std::uint8_t* data = nullptr;
    std::size_t size = 0;
    bool is_found = fr_interpreter_output(&state_->interpreter, port, &data, &size) == FR_OK;
    FRUGAL_ASSERT(is_found);
    return {data, size};
}

void LoadedModel::clear() {
    fr_interpreter_clear(&state_->interpreter);
    // It worked when the model was opened, and nothing of it changes.
    fr_status_t status = fr_state_reset(&state_->model, memory_.data(), memory_.size());
    FRUGAL_ASSERT(status == FR_OK);
}

}  // namespace frugal::inference
