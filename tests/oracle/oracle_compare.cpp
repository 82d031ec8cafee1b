// SPDX-License-Identifier: Apache-2.0
// Runs models on the node's runtime with the inputs the oracle (run_models.js) ran, and compares:
// prints one line for each model and fails if a class differs or an output is off by more than the
// tolerance. Single thread; reads files only.
//
//   oracle_compare FOLDER MODEL...
#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "frugal/runtime.h"
#include "inference/float/operators.hpp"

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr double kFloatTolerance = 1e-5;
// int8 weights with float activations: where the last bit of a float decides how an activation is
// rounded to int8, whole steps differ from there on.
constexpr double kHybridTolerance = 5e-3;

Bytes read_file(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(stream), {});
}

/// One element in units of its last place (of the quantization the model's end came from).
double element(const fr_tensor_t& tensor, const std::uint8_t* data, std::size_t index,
               double unit) {
    switch (tensor.type) {
        case FR_TENSOR_INT8:
            return static_cast<std::int8_t>(data[index]);
        case FR_TENSOR_UINT8:
            return data[index];
        default: {
            float value = 0;
            std::memcpy(&value, data + 4 * index, sizeof value);
            return value / unit;
        }
    }
}

struct Comparison {
    std::size_t samples = 0;
    std::size_t elements = 0;
    std::size_t unequal = 0;        ///< elements that are not identical
    std::size_t beyond_one = 0;     ///< elements more than one unit apart
    std::size_t class_changes = 0;  ///< samples whose highest score is elsewhere
    double largest = 0;             ///< difference in units of the last place
    double microseconds = 0;        ///< per inference
};

/// Step of a float output: the scale of the int8 tensor it was dequantized from; 0 in a model that
/// computes in float.
double float_step(const fr_model_t& model, const fr_tensor_t& output) {
    double step = 0;
    for (std::uint32_t index = 0; index < model.tensor_count; ++index) {
        fr_tensor_t tensor;
        if (fr_model_tensor(&model, index, &tensor) == FR_OK && tensor.type == FR_TENSOR_INT8 &&
            tensor.constant == nullptr && tensor.element_count == output.element_count) {
            step = std::bit_cast<float>(tensor.scale_bits);
        }
    }
    return step;
}

bool is_hybrid(const fr_model_t& model) {
    for (std::uint32_t index = 0; index < model.tensor_count; ++index) {
        fr_tensor_t tensor;
        if (fr_model_tensor(&model, index, &tensor) == FR_OK && tensor.type == FR_TENSOR_INT8) {
            return true;
        }
    }
    return false;
}

/// What counts as one unit of a computed float: the share of the largest element that two orders
/// of summation may differ by.
double float_unit(const fr_model_t& model, const fr_tensor_t& tensor, const std::uint8_t* theirs) {
    double largest = 0;
    for (std::size_t i = 0; i < tensor.element_count; ++i) {
        largest = std::max(largest, std::abs(element(tensor, theirs, i, 1)));
    }
    return largest == 0 ? 1 : (is_hybrid(model) ? kHybridTolerance : kFloatTolerance) * largest;
}

void compare_output(const fr_tensor_t& tensor, double unit, const std::uint8_t* ours,
                    const std::uint8_t* theirs, Comparison& result) {
    std::size_t best_ours = 0;
    std::size_t best_theirs = 0;
    for (std::size_t i = 0; i < tensor.element_count; ++i) {
        double mine = element(tensor, ours, i, unit);
        double other = element(tensor, theirs, i, unit);
        double difference = std::abs(mine - other);
        result.largest = std::max(result.largest, difference);
        result.unequal += difference > 1e-3 ? 1 : 0;
        result.beyond_one += difference > 1.001 ? 1 : 0;
        best_ours = mine > element(tensor, ours, best_ours, unit) ? i : best_ours;
        best_theirs = other > element(tensor, theirs, best_theirs, unit) ? i : best_theirs;
    }
    result.elements += tensor.element_count;
    // Equal scores are no disagreement: the class may change only if the scores say so.
    bool is_tie =
        element(tensor, ours, best_ours, unit) == element(tensor, ours, best_theirs, unit);
    result.class_changes += best_ours != best_theirs && !is_tie ? 1 : 0;
}

void fill_inputs(const fr_interpreter_t& interpreter, const Bytes& inputs, std::size_t& position) {
    for (std::uint32_t port = 0; port < interpreter.model->input_count; ++port) {
        std::uint8_t* data = nullptr;
        std::size_t size = 0;
        if (fr_interpreter_input(&interpreter, port, &data, &size) == FR_OK &&
            position + size <= inputs.size()) {
            std::memcpy(data, inputs.data() + position, size);
        }
        position += size;
    }
}

void compare_sample(const fr_interpreter_t& interpreter, const Bytes& expected,
                    std::size_t& position, Comparison& result) {
    const fr_model_t& model = *interpreter.model;
    for (std::uint32_t port = 0; port < model.output_count; ++port) {
        fr_tensor_t tensor;
        const std::uint8_t* data = nullptr;
        std::size_t size = 0;
        if (fr_model_output(&model, port, &tensor) != FR_OK ||
            fr_interpreter_output(&interpreter, port, &data, &size) != FR_OK ||
            position + size > expected.size()) {
            std::fprintf(stderr, "output %u: the oracle wrote too little\n", port);
            std::exit(2);
        }
        double unit = tensor.type == FR_TENSOR_FLOAT32 ? float_step(model, tensor) : 1.0;
        unit = unit == 0 ? float_unit(model, tensor, expected.data() + position) : unit;
        compare_output(tensor, unit, data, expected.data() + position, result);
        position += size;
    }
}

Comparison compare_model(const fr_model_t& model, const Bytes& inputs, const Bytes& expected) {
    Bytes scratch(fr_model_plan_scratch_size(&model));
    fr_plan_t plan;
    fr_interpreter_t interpreter;
    Comparison result;
    if (fr_model_plan(&model, scratch.data(), scratch.size(), &plan) != FR_OK) {
        std::exit(2);
    }
    Bytes arena(plan.arena_size_bytes);
    if (fr_interpreter_init(&interpreter, &model, arena.data(), arena.size()) != FR_OK) {
        std::exit(2);
    }
    Bytes state(plan.state_size_bytes);
    if (fr_interpreter_bind_state(&interpreter, state.data(), state.size()) != FR_OK ||
        fr_state_reset(&model, state.data(), state.size()) != FR_OK) {
        std::exit(2);
    }
    std::size_t input_position = 0;
    std::size_t output_position = 0;
    while (input_position < inputs.size()) {
        fill_inputs(interpreter, inputs, input_position);
        auto begin = std::chrono::steady_clock::now();
        if (fr_interpreter_invoke(&interpreter) != FR_OK) {
            std::exit(2);
        }
        auto spent = std::chrono::steady_clock::now() - begin;
        result.microseconds += std::chrono::duration<double, std::micro>(spent).count();
        compare_sample(interpreter, expected, output_position, result);
        ++result.samples;
    }
    result.microseconds /= static_cast<double>(std::max<std::size_t>(1, result.samples));
    return result;
}

bool compare_file(const std::filesystem::path& folder, const std::filesystem::path& file) {
    std::string name = file.stem().string();
    Bytes bytes = read_file(file);
    fr_model_t model;
    fr_model_problem_t problem;
    if (fr_model_open_with(&model, &frugal::inference::gateway_operators(), bytes.data(),
                           bytes.size(), &problem) != FR_OK) {
        std::printf("%-28s not runnable here: %s (operator %d version %d)\n", name.c_str(),
                    fr_model_reason_text(problem.reason), problem.operator_code,
                    problem.operator_version);
        return !name.starts_with("op_");  // our own models of single operators must run
    }
    Bytes inputs = read_file(folder / (name + ".inputs"));
    Bytes expected = read_file(folder / (name + ".outputs"));
    if (inputs.empty() || expected.empty()) {
        std::printf("%-28s the oracle did not run it\n", name.c_str());
        return !name.starts_with("op_");
    }
    Comparison result = compare_model(model, inputs, expected);
    std::printf(
        "%-28s samples %zu  largest difference %.3g  unequal %.3f %%  beyond one unit %zu"
        "  class changes %zu  %.0f us\n",
        name.c_str(), result.samples, result.largest,
        100.0 * static_cast<double>(result.unequal) / static_cast<double>(result.elements),
        result.beyond_one, result.class_changes, result.microseconds);
    return result.beyond_one == 0 && result.class_changes == 0;
}

}  // namespace

int main(int count, char** words) {
    if (count < 3) {
        std::fprintf(stderr, "usage: oracle_compare FOLDER MODEL...\n");
        return 2;
    }
    bool is_equal = true;
    for (int i = 2; i < count; ++i) {
        is_equal = compare_file(words[1], words[i]) && is_equal;
    }
    return is_equal ? 0 : 1;
}
