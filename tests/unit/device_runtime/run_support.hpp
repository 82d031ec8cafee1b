// SPDX-License-Identifier: Apache-2.0
// Opening and running models in tests of the runtime. Test code only.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "frugal/runtime.h"
#include "unit/device_runtime/model_builder.hpp"

namespace frugal::test {

using Bytes = std::vector<std::uint8_t>;

/// A model with its arena; the bytes must outlive it.
struct Runner {
    fr_model_t model{};
    fr_model_problem_t problem{};
    fr_plan_t plan{};
    fr_interpreter_t interpreter{};
    Bytes arena;
    Bytes state;
    fr_status_t status = FR_ERROR_STATE;

    explicit Runner(const Bytes& bytes) {
        status = fr_model_open(&model, bytes.data(), bytes.size(), &problem);
        if (status != FR_OK) {
            return;
        }
        Bytes scratch(fr_model_plan_scratch_size(&model));
        status = fr_model_plan(&model, scratch.data(), scratch.size(), &plan);
        if (status == FR_OK) {
            arena.resize(plan.arena_size_bytes);
            status = fr_interpreter_init(&interpreter, &model, arena.data(), arena.size());
        }
        if (status == FR_OK) {
            state.resize(plan.state_size_bytes);
            status = fr_interpreter_bind_state(&interpreter, state.data(), state.size());
        }
        if (status == FR_OK) {
            status = fr_state_reset(&model, state.data(), state.size());
        }
    }

    void set_input(std::uint32_t port, const Bytes& bytes) {
        std::uint8_t* data = nullptr;
        std::size_t size = 0;
        ASSERT_EQ(fr_interpreter_input(&interpreter, port, &data, &size), FR_OK);
        ASSERT_EQ(size, bytes.size());
        std::memcpy(data, bytes.data(), size);
    }

    Bytes output(std::uint32_t port = 0) const {
        const std::uint8_t* data = nullptr;
        std::size_t size = 0;
        EXPECT_EQ(fr_interpreter_output(&interpreter, port, &data, &size), FR_OK);
        return {data, data + size};
    }
};

/// Runs a model on its inputs; fails the test if it does not open or run.
inline Bytes run(const ModelSpec& spec, const std::vector<Bytes>& inputs) {
    Bytes bytes = write_model(spec);
    Runner runner(bytes);
    EXPECT_EQ(runner.status, FR_OK) << fr_model_reason_text(runner.problem.reason) << ", tensor "
                                    << runner.problem.tensor_index;
    if (runner.status != FR_OK) {
        return {};
    }
    for (std::size_t port = 0; port < inputs.size(); ++port) {
        runner.set_input(static_cast<std::uint32_t>(port), inputs[port]);
    }
    EXPECT_EQ(fr_interpreter_invoke(&runner.interpreter), FR_OK);
    return runner.output();
}

inline std::vector<int> as_int8(const Bytes& bytes) {
    std::vector<int> values;
    for (std::uint8_t byte : bytes) {
        values.push_back(static_cast<std::int8_t>(byte));
    }
    return values;
}

/// xorshift32, so that every machine tests the same numbers.
class Noise {
public:
    explicit Noise(std::uint32_t seed) : state_(seed * 2654435761u + 1u) {}

    std::uint32_t next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 17;
        state_ ^= state_ << 5;
        return state_;
    }

    int between(int low, int high) {
        return low + static_cast<int>(next() % static_cast<std::uint32_t>(high - low + 1));
    }

    std::vector<int> values(std::size_t count, int low, int high) {
        std::vector<int> list(count);
        for (int& value : list) {
            value = between(low, high);
        }
        return list;
    }

private:
    std::uint32_t state_;
};

}  // namespace frugal::test
