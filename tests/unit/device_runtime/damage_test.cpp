// SPDX-License-Identifier: Apache-2.0
// Hostile bytes: every byte of a model changed in several ways, every 32-bit word set to extreme
// values. Whatever still opens must run without leaving its memory (the sanitizers watch).
#include "unit/device_runtime/every_operator.hpp"
#include "unit/device_runtime/run_support.hpp"
#include "unit/device_runtime/streaming_models.hpp"

namespace frugal::test {
namespace {

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
        plan.arena_size_bytes > (1u << 20) || plan.state_size_bytes > (1u << 20) ||
        plan.work > (1u << 20)) {
        return true;
    }
    std::unique_ptr<std::uint8_t[]> arena(new std::uint8_t[plan.arena_size_bytes]);
    std::unique_ptr<std::uint8_t[]> state(new std::uint8_t[plan.state_size_bytes]);
    fr_interpreter_t interpreter;
    EXPECT_EQ(fr_interpreter_init(&interpreter, &model, arena.get(), plan.arena_size_bytes), FR_OK);
    EXPECT_EQ(fr_state_reset(&model, state.get(), plan.state_size_bytes), FR_OK);
    EXPECT_EQ(fr_interpreter_bind_state(&interpreter, state.get(), plan.state_size_bytes), FR_OK);
    EXPECT_EQ(fr_interpreter_invoke(&interpreter), FR_OK);
    return true;
}

/// One model with every operator of the base set, and one for each of the others.
std::vector<NamedModel> damageable_models() {
    std::vector<NamedModel> models = streaming_models();
    models.push_back({"every_operator", every_operator()});
    return models;
}

class DamageTest : public testing::TestWithParam<NamedModel> {};

INSTANTIATE_TEST_SUITE_P(Models, DamageTest, testing::ValuesIn(damageable_models()),
                         [](const auto& one) { return one.param.name; });

TEST_P(DamageTest, EveryByteChanged) {
    const Bytes whole = write_model(GetParam().spec);
    ASSERT_TRUE(try_bytes(whole));
    for (std::size_t position = 0; position < whole.size(); ++position) {
        for (int change : {0x01, 0x80, 0xff, 0x7f}) {
            Bytes bytes = whole;
            bytes[position] = static_cast<std::uint8_t>(bytes[position] ^ change);
            try_bytes(bytes);
        }
    }
}

TEST_P(DamageTest, EveryWordSetToExtremes) {
    const Bytes whole = write_model(GetParam().spec);
    for (std::size_t position = 0; position + 4 <= whole.size(); position += 2) {
        for (std::uint32_t value : {0u, 1u, 4u, 0x7fffffffu, 0x80000000u, 0xffffffffu, 0xfffffff0u,
                                    0x00010000u, static_cast<std::uint32_t>(whole.size())}) {
            Bytes bytes = whole;
            std::memcpy(bytes.data() + position, &value, sizeof value);
            try_bytes(bytes);
        }
    }
}

TEST_P(DamageTest, BytesThatChangeAfterTheOpenDoNotLeaveMemory) {
    const Bytes whole = write_model(GetParam().spec);
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
