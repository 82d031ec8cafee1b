// SPDX-License-Identifier: Apache-2.0
// Hostile bytes: every byte of a model changed in several ways, every 32-bit word set to extreme
// values. Whatever still opens must run without leaving its memory (the sanitizers watch).
#include "unit/device_runtime/run_support.hpp"

namespace frugal::test {
namespace {

/// A model with every operator built in.
ModelSpec every_operator() {
    Noise noise(8);
    ModelSpec spec;
    auto window = [](std::uint16_t fused) {
        return std::vector<OptionSpec>{{0, 1, 0}, {1, 4, 1}, {2, 4, 1}, {fused, 1, 1}};
    };
    std::vector<OptionSpec> pool = {{0, 1, 1}, {1, 4, 2}, {2, 4, 2},
                                    {3, 4, 2}, {4, 4, 2}, {5, 1, 0}};
    spec.tensors = {{{1, 4, 4, 1}, kFloat32, {}, {}, 0, {}, "in"},                          // 0
                    activation({1, 4, 4, 1}, 0.1f, 1),                                      // 1
                    weights({3, 3, 3, 1}, noise.values(27, -9, 9), {0.1f, 0.2f, 0.3f}),     // 2
                    bias({1, 2, 3}, 0.1f),                                                  // 3
                    activation({1, 4, 4, 3}, 0.2f, -5),                                     // 4
                    weights({1, 2, 2, 3}, noise.values(12, -9, 9), {0.1f, 0.1f, 0.2f}, 3),  // 5
                    activation({1, 4, 4, 3}, 0.2f, -5),                                     // 6
                    activation({1, 4, 4, 3}, 0.3f, 0),                                      // 7
                    activation({1, 2, 2, 3}, 0.3f, 0),                                      // 8
                    activation({1, 1, 1, 3}, 0.3f, 0),                                      // 9
                    activation({1, 3}, 0.3f, 0),                                            // 10
                    weights({4, 3}, noise.values(12, -9, 9), {0.1f}),                       // 11
                    activation({1, 4}, 0.1f, 0),                                            // 12
                    activation({1, 4}, 1.0f / 256, -128),                                   // 13
                    {{1, 4}, kFloat32, {}, {}, 0, {}, "out"}};                              // 14
    spec.operators = {{114, 1, {0}, {1}, 0, {}, ""},
                      {3, 3, {1, 2, 3}, {4}, 1, window(3), ""},
                      {4, 3, {4, 5, -1}, {6}, 2, window(4), ""},
                      {0, 2, {4, 6}, {7}, 11, {{0, 1, 0}}, ""},
                      {17, 2, {7}, {8}, 5, pool, ""},
                      {1, 2, {8}, {9}, 5, pool, ""},
                      {22, 1, {9}, {10}, 17, {}, ""},
                      {9, 4, {10, 11, -1}, {12}, 8, {{0, 1, 0}}, ""},
                      {25, 2, {12}, {13}, 9, {{0, 4, float_bits(1.0f)}}, ""},
                      {6, 2, {13}, {14}, 0, {}, ""}};
    spec.inputs = {0};
    spec.outputs = {14};
    return spec;
}

/// Opens the bytes; runs them if they open and are small. Returns whether they opened.
bool try_bytes(const Bytes& bytes) {
    // A copy without slack, so that a read past the end is seen.
    std::unique_ptr<std::uint8_t[]> exact(new std::uint8_t[bytes.size()]);
    std::copy(bytes.begin(), bytes.end(), exact.get());
    fr_model_t model;
    fr_model_problem_t problem;
    if (fr_model_open(&model, exact.get(), bytes.size(), &problem) != FR_OK) {
        EXPECT_NE(problem.reason, FR_MODEL_FINE);
        return false;
    }
    Bytes scratch(fr_model_plan_scratch_size(&model));
    fr_plan_t plan;
    if (fr_model_plan(&model, scratch.data(), scratch.size(), &plan) != FR_OK ||
        plan.arena_size_bytes > (1u << 20) || plan.work > (1u << 20)) {
        return true;
    }
    std::unique_ptr<std::uint8_t[]> arena(new std::uint8_t[plan.arena_size_bytes]);
    fr_interpreter_t interpreter;
    EXPECT_EQ(fr_interpreter_init(&interpreter, &model, arena.get(), plan.arena_size_bytes), FR_OK);
    EXPECT_EQ(fr_interpreter_invoke(&interpreter), FR_OK);
    return true;
}

TEST(DamageTest, EveryByteChanged) {
    const Bytes whole = write_model(every_operator());
    ASSERT_TRUE(try_bytes(whole));
    for (std::size_t position = 0; position < whole.size(); ++position) {
        for (int change : {0x01, 0x80, 0xff, 0x7f}) {
            Bytes bytes = whole;
            bytes[position] = static_cast<std::uint8_t>(bytes[position] ^ change);
            try_bytes(bytes);
        }
    }
}

TEST(DamageTest, EveryWordSetToExtremes) {
    const Bytes whole = write_model(every_operator());
    for (std::size_t position = 0; position + 4 <= whole.size(); position += 2) {
        for (std::uint32_t value : {0u, 1u, 4u, 0x7fffffffu, 0x80000000u, 0xffffffffu, 0xfffffff0u,
                                    0x00010000u, static_cast<std::uint32_t>(whole.size())}) {
            Bytes bytes = whole;
            std::memcpy(bytes.data() + position, &value, sizeof value);
            try_bytes(bytes);
        }
    }
}

TEST(DamageTest, BytesThatChangeAfterTheOpenDoNotLeaveMemory) {
    const Bytes whole = write_model(every_operator());
    Runner reference(whole);
    ASSERT_EQ(reference.status, FR_OK);
    for (std::size_t position = 0; position + 4 <= whole.size(); position += 2) {
        Bytes bytes = whole;
        Runner runner(bytes);
        ASSERT_EQ(runner.status, FR_OK);
        std::uint32_t value = position % 4 == 0 ? 0x00000040u : 0x7fffffffu;
        std::memcpy(bytes.data() + position, &value, sizeof value);
        fr_status_t status = fr_interpreter_invoke(&runner.interpreter);
        EXPECT_TRUE(status == FR_OK || status == FR_ERROR_STORAGE);
    }
}

}  // namespace
}  // namespace frugal::test
