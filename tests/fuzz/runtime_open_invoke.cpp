// SPDX-License-Identifier: Apache-2.0
// The node's runtime on hostile models: open, plan, run, classify. The bytes stand at the end of
// their allocation, so that the first byte read past them is seen. Pass a folder of real .tflite
// files as a further corpus to start from those.
#include <algorithm>
#include <cstring>
#include <memory>

#include "frugal/classify.h"

namespace {

constexpr std::uint32_t kArenaMax = 1u << 20;
constexpr std::uint32_t kWorkMax = 1u << 20;

void fill_inputs(const fr_interpreter_t& interpreter, std::uint8_t start) {
    for (std::uint32_t port = 0; port < interpreter.model->input_count; ++port) {
        std::uint8_t* data = nullptr;
        std::size_t size = 0;
        if (fr_interpreter_input(&interpreter, port, &data, &size) == FR_OK) {
            for (std::size_t i = 0; i < size; ++i) {
                data[i] = static_cast<std::uint8_t>(start + 37 * i);
            }
        }
    }
}

void classify_outputs(const fr_interpreter_t& interpreter) {
    for (std::uint32_t port = 0; port < interpreter.model->output_count; ++port) {
        fr_tensor_t tensor;
        const std::uint8_t* data = nullptr;
        std::size_t size = 0;
        if (fr_model_output(interpreter.model, port, &tensor) != FR_OK ||
            fr_interpreter_output(&interpreter, port, &data, &size) != FR_OK) {
            __builtin_trap();  // an opened model has all its outputs
        }
        fr_classification_t classification;
        if (fr_classify_output(&tensor, data, &classification) == FR_OK &&
            classification.class_index >= tensor.element_count) {
            __builtin_trap();
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
    std::unique_ptr<std::uint8_t[]> bytes(new std::uint8_t[size]);
    std::copy_n(input, size, bytes.get());
    fr_model_t model;
    fr_model_problem_t problem;
    if (fr_model_open(&model, bytes.get(), size, &problem) != FR_OK) {
        return fr_model_reason_text(problem.reason) == nullptr ? 1 : 0;
    }
    std::unique_ptr<std::uint8_t[]> scratch(new std::uint8_t[fr_model_plan_scratch_size(&model)]);
    fr_plan_t plan;
    if (fr_model_plan(&model, scratch.get(), fr_model_plan_scratch_size(&model), &plan) != FR_OK ||
        plan.arena_size_bytes > kArenaMax || plan.state_size_bytes > kArenaMax ||
        plan.work > kWorkMax) {
        return 0;
    }
    std::unique_ptr<std::uint8_t[]> arena(new std::uint8_t[plan.arena_size_bytes]);
    fr_interpreter_t interpreter;
    if (fr_interpreter_init(&interpreter, &model, arena.get(), plan.arena_size_bytes) != FR_OK) {
        __builtin_trap();  // what was planned must suffice
    }
    std::unique_ptr<std::uint8_t[]> state(new std::uint8_t[plan.state_size_bytes]);
    if (fr_state_reset(&model, state.get(), plan.state_size_bytes) != FR_OK ||
        fr_interpreter_bind_state(&interpreter, state.get(), plan.state_size_bytes) != FR_OK) {
        __builtin_trap();
    }
    fill_inputs(interpreter, input[size - 1]);
    if (fr_interpreter_invoke(&interpreter) != FR_OK) {
        __builtin_trap();  // what was opened must run
    }
    classify_outputs(interpreter);
    return 0;
}
