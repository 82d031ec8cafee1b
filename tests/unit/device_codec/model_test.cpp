// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "frugal/codec.h"

namespace {

TEST(DecoderMemory, FitsWhatTheHeaderPromises) {
    for (uint32_t number = 0; number < FR_CODEC_PROFILES; ++number) {
        const fr_profile_t* profile = fr_profile_find(&fr_profiles_all, number);
        ASSERT_NE(profile, nullptr);
        const size_t total = sizeof(fr_decoder_t) + fr_profile_memory_bytes(profile);
        // On a 64-bit host the pointers and their padding are larger.
        EXPECT_LE(total, fr_codec_ram_bytes(number) + (sizeof(void*) == 4 ? 0U : 128U));
        EXPECT_GT(total, fr_codec_ram_bytes(number) * 9 / 10);
    }
    EXPECT_EQ(fr_profile_find(&fr_profiles_all, FR_CODEC_PROFILES), nullptr);
    EXPECT_EQ(fr_codec_ram_bytes(FR_CODEC_PROFILES), 0U);
}

TEST(FloatMultiply, EqualsTheMachine) {
    std::mt19937_64 generator(7);
    int compared = 0;
    for (int i = 0; i < 2000000; ++i) {
        const auto a = static_cast<uint32_t>(generator());
        const auto b = static_cast<uint32_t>(generator());
        const float product = std::bit_cast<float>(a) * std::bit_cast<float>(b);
        uint32_t bits = 0;
        const bool is_product = fr_float_multiply(a, b, &bits);
        const bool is_expected = std::isnormal(std::bit_cast<float>(a)) &&
                                 std::isnormal(std::bit_cast<float>(b)) && std::isnormal(product);
        if (is_product) {
            ASSERT_EQ(bits, std::bit_cast<uint32_t>(product)) << std::hex << a << " * " << b;
            ++compared;
        }
        // At the edge of the subnormals the machine may round up into the normal range.
        if (std::abs(product) != 0x1p-126F) {
            ASSERT_EQ(is_product, is_expected) << std::hex << a << " * " << b;
        }
    }
    EXPECT_GT(compared, 1000000);
}

TEST(FloatMultiply, RoundsHalvesToEven) {
    uint32_t bits = 0;
    for (uint32_t low = 0; low < 64; ++low) {
        const uint32_t a = 0x3F800000U + low;
        const uint32_t b = 0x3FC00000U;  // 1.5: the product's last bit is a half for odd `low`
        ASSERT_TRUE(fr_float_multiply(a, b, &bits));
        EXPECT_EQ(bits, std::bit_cast<uint32_t>(std::bit_cast<float>(a) * 1.5F)) << low;
    }
}

TEST(FloatScaleInteger, RoundsHalvesAwayFromZero) {
    std::mt19937_64 generator(11);
    int compared = 0;
    for (int i = 0; i < 500000; ++i) {
        // Few enough bits that a double holds the product exactly; factors of 2^-40 to 2^39.
        const auto value = static_cast<int32_t>(generator() % (1U << 29)) - (1 << 28);
        const auto word = static_cast<uint32_t>(generator());
        const uint32_t factor = (word & 0x807FFFFFU) | (127U - 40U + (word >> 23) % 80U) << 23;
        const double exact = std::round(value * static_cast<double>(std::bit_cast<float>(factor)));
        int32_t scaled = 0;
        ASSERT_EQ(fr_float_scale_integer(value, factor, &scaled), std::abs(exact) <= INT32_MAX)
            << value << " * " << std::hex << factor;
        if (std::abs(exact) <= INT32_MAX) {
            ASSERT_EQ(scaled, exact) << value << " * " << std::hex << factor;
            ++compared;
        }
    }
    EXPECT_GT(compared, 250000);
}

TEST(FloatScaleInteger, AnswersAtTheEdges) {
    int32_t scaled = 7;
    EXPECT_TRUE(fr_float_scale_integer(0, 0x7F7FFFFFU, &scaled)) << "nothing, however large";
    EXPECT_EQ(scaled, 0);
    EXPECT_TRUE(fr_float_scale_integer(INT32_MIN, 0x00800000U, &scaled)) << "too small to count";
    EXPECT_EQ(scaled, 0);
    EXPECT_TRUE(fr_float_scale_integer(INT32_MAX, FR_CODEC_FACTOR_ONE, &scaled));
    EXPECT_EQ(scaled, INT32_MAX);
    EXPECT_FALSE(fr_float_scale_integer(INT32_MIN, FR_CODEC_FACTOR_ONE, &scaled));
    EXPECT_FALSE(fr_float_scale_integer(1, 0x7F7FFFFFU, &scaled));
    EXPECT_FALSE(fr_float_scale_integer(1, 0x7F800000U, &scaled)) << "infinite";
    EXPECT_FALSE(fr_float_scale_integer(1, 0x007FFFFFU, &scaled)) << "subnormal";
}

TEST(Context, StaysInsideItsRangeWhateverItSees) {
    for (uint32_t bit : {0U, 1U}) {
        fr_context_t context;
        fr_context_reset(&context, 1);
        EXPECT_NEAR(fr_context_predict(&context), 32768, 16);
        for (int i = 0; i < 10000; ++i) {
            fr_context_update(&context, bit);
            const uint32_t probability = fr_context_predict(&context);
            ASSERT_GT(probability, 0U);
            ASSERT_LT(probability, 65536U);
        }
        EXPECT_EQ(fr_context_predict(&context) > 60000, bit == 1);
        EXPECT_EQ(fr_context_predict(&context) < 5000, bit == 0);
    }
}

/// Codes `coded` as an encoder does and says how many decisions that took; checks every chance.
int decide(fr_weight_model_t& model, int32_t coded) {
    int decisions = 0;
    int32_t boundary = 0;
    while (fr_weight_model_next(&model, &boundary)) {
        const uint32_t probability = fr_weight_model_predict(&model, boundary);
        EXPECT_GT(probability, 0U);
        EXPECT_LT(probability, 65536U);
        fr_weight_model_take(&model, boundary, coded >= boundary ? 1 : 0);
        ++decisions;
    }
    EXPECT_LE(model.low, coded);
    EXPECT_GT(model.high, coded);
    return decisions;
}

TEST(Context, StaysInsideItsRangeFromAnyState) {
    for (uint32_t probability = 1; probability <= 4094; ++probability) {
        for (uint32_t count = 0; count < 1U << FR_CONTEXT_COUNT_BITS; ++count) {
            for (const uint32_t bit : {0U, 1U}) {
                auto context =
                    static_cast<fr_context_t>(probability << FR_CONTEXT_COUNT_BITS | count);
                fr_context_update(&context, bit);
                const uint32_t after = context >> FR_CONTEXT_COUNT_BITS;
                ASSERT_GE(after, bit != 0 ? probability : 1U);
                ASSERT_LE(after, bit != 0 ? 4094U : probability);
            }
        }
    }
}

// Extreme tensors must not overflow anything (this test runs under UBSan too).
TEST(WeightModel, SurvivesExtremeTensors) {
    for (int pattern = 0; pattern < 12; ++pattern) {
        fr_weight_tensor_t tensor{};
        fr_weight_mixer_t mixer;
        fr_weight_model_t model{};
        model.mixing = pattern < 6 ? nullptr : &fr_weight_mixing;
        model.mixer = &mixer;
        tensor.shape.old_distance = pattern % 6 == 5 ? 1 : 0;
        fr_weight_model_begin_tensor(&model, &tensor, pattern % 2 == 0);
        for (int i = 0; i < 20000; ++i) {
            const int values[] = {127, -128, i % 2 == 0 ? 127 : -128, 0, i % 255 - 127, i > 19000};
            const int value = values[pattern % 6];
            for (auto& tap : tensor.around.taps) {
                tap = static_cast<int8_t>(pattern % 2 == 0 ? value : -128);
            }
            tensor.around.tap_count = FR_WEIGHT_NEIGHBOURS;
            tensor.around.row_count = FR_WEIGHT_ROWS_REMEMBERED;
            tensor.column = static_cast<uint32_t>(i);
            tensor.column_sum[i % FR_WEIGHT_BLOCK] = static_cast<uint16_t>(128 * (i % 9));
            if (i % 100 == 0) {
                fr_weight_model_begin_row(&model);
            }
            fr_weight_model_begin(&model, &tensor);
            ASSERT_LE(decide(model, value), 4);
            fr_weight_model_end(&model, &tensor, value);
        }
    }
}

TEST(Palette, GivesEveryValueOfItsOwnBack) {
    const int8_t values[] = {-128, -40, -3, 0, 7, 127};
    fr_palette_t palette{};
    for (const int8_t value : values) {
        palette.values[palette.count++] = value;
        palette.zero = static_cast<uint8_t>(palette.zero + (value < 0 ? 1 : 0));
    }
    int32_t rank = -3;
    for (const int8_t value : values) {
        EXPECT_EQ(fr_palette_rank(&palette, value), rank);
        EXPECT_EQ(fr_palette_value(&palette, rank++), value);
    }
    EXPECT_EQ(fr_palette_rank(&palette, -41), -2) << "the next greater one";
    EXPECT_EQ(fr_palette_rank(&palette, 126), 2);
}

TEST(Palette, OfNothingLeavesValuesAlone) {
    const fr_palette_t palette{};
    EXPECT_EQ(fr_palette_rank(&palette, -128), -128);
    EXPECT_EQ(fr_palette_value(&palette, 127), 127);
}

}  // namespace
