// SPDX-License-Identifier: Apache-2.0
// The integer real numbers against the machine's own IEEE arithmetic.
extern "C" {
#include "runtime/real.h"
#include "runtime/fixed.h"
}

#include <bit>
#include <cmath>
#include <limits>

#include "unit/device_runtime/reference.hpp"
#include "unit/device_runtime/run_support.hpp"

namespace frugal::test {
namespace {

constexpr int kRounds = 20000;

/// A positive float with any mantissa and an exponent within +-span of one.
float some_float(Noise& noise, int span) {
    auto exponent = static_cast<std::uint32_t>(127 + noise.between(-span, span));
    return std::bit_cast<float>((exponent << 23) | (noise.next() & 0x7fffffu));
}

fr_real_t real(float value) {
    return fr_real_from_float(std::bit_cast<std::uint32_t>(value));
}

double value_of(fr_real_t a) {
    return std::ldexp(static_cast<double>(a.mantissa), a.exponent);
}

TEST(RealTest, MultiplierOfAChannelEqualsDoubleArithmetic) {
    Noise noise(1);
    for (int i = 0; i < kRounds; ++i) {
        float a = some_float(noise, 20);
        float b = some_float(noise, 20);
        float c = some_float(noise, 8);
        double expected = static_cast<double>(a) * static_cast<double>(b) / static_cast<double>(c);
        fr_real_t quotient =
            fr_real_divide(fr_real_multiply(real(a), real(b)), real(c), FR_REAL_DOUBLE_BITS);
        ASSERT_EQ(value_of(quotient), expected) << a << " * " << b << " / " << c;
        fr_multiplier_t by;
        bool is_formed = fr_real_to_multiplier(quotient, &by);
        Multiplier reference = quantize_multiplier(expected);
        ASSERT_EQ(is_formed, reference.shift <= 30);
        if (is_formed) {
            ASSERT_EQ(by.multiplier, reference.fixed);
            ASSERT_EQ(by.shift, reference.shift);
        }
    }
}

TEST(RealTest, FloatProductAndQuotientRoundLikeFloats) {
    Noise noise(2);
    for (int i = 0; i < kRounds; ++i) {
        float a = some_float(noise, 20);
        float b = some_float(noise, 20);
        volatile float product = a * b;
        volatile float quotient = a / b;
        EXPECT_EQ(value_of(fr_real_round(fr_real_multiply(real(a), real(b)), 24)), product);
        EXPECT_EQ(value_of(fr_real_divide(real(a), real(b), 24)), quotient);
    }
}

TEST(RealTest, ConversionToFloatHandlesSubnormalsAndOverflow) {
    Noise noise(3);
    for (int i = 0; i < kRounds; ++i) {
        fr_real_t a = {noise.next(), noise.between(-190, 110)};
        auto expected = static_cast<float>(value_of(a));
        EXPECT_EQ(fr_real_to_float(a), std::bit_cast<std::uint32_t>(expected))
            << a.mantissa << " * 2^" << a.exponent;
    }
    EXPECT_EQ(fr_real_to_float({3, -151}), 1u);  // above half of the smallest float
    EXPECT_EQ(fr_real_to_float({1, -150}), 0u);  // exactly half: to even
    EXPECT_EQ(fr_real_to_float({1, 128}),
              std::bit_cast<std::uint32_t>(std::numeric_limits<float>::infinity()));
}

TEST(RealTest, IntegersRoundHalfAwayFromZeroAndStopAtTheLimit) {
    struct Case {
        fr_real_t value;
        std::uint32_t expected;
    };
    const Case cases[] = {{{1, -1}, 1},  {{3, -1}, 2},    {{5, -2}, 1},           {{7, -2}, 2},
                          {{0, 0}, 0},   {{1, -40}, 0},   {{7, 4}, 100},          {{1, 40}, 100},
                          {{99, 0}, 99}, {{100, 0}, 100}, {{1ull << 63, -64}, 1}, {{1, -2}, 0}};
    for (const Case& one : cases) {
        EXPECT_EQ(fr_real_to_integer(one.value, 100), one.expected) << one.value.mantissa;
    }
}

TEST(RealTest, OnlyPositiveFiniteFloatsAreScales) {
    EXPECT_TRUE(fr_float_is_positive(float_bits(0.5f)));
    EXPECT_TRUE(fr_float_is_positive(1u));
    EXPECT_FALSE(fr_float_is_positive(0u));
    EXPECT_FALSE(fr_float_is_positive(0x80000000u));
    EXPECT_FALSE(fr_float_is_positive(float_bits(-1.0f)));
    EXPECT_FALSE(fr_float_is_positive(0x7f800000u));
    EXPECT_FALSE(fr_float_is_positive(0x7fc00000u));
}

TEST(RealTest, ComparesAcrossExponents) {
    EXPECT_TRUE(fr_real_is_greater({3, 0}, {1, 1}));
    EXPECT_FALSE(fr_real_is_greater({2, 0}, {1, 1}));
    EXPECT_FALSE(fr_real_is_greater({1, -3}, {1, 2}));
    EXPECT_TRUE(fr_real_is_greater({1, -300}, {0, 0}));
    EXPECT_FALSE(fr_real_is_greater({0, 0}, {0, 5}));
}

TEST(FixedTest, BothRescalingsMatchWideArithmetic) {
    Noise noise(4);
    for (int i = 0; i < kRounds; ++i) {
        auto value = static_cast<std::int32_t>(noise.next()) >> 8;
        Multiplier by{static_cast<std::int32_t>((1u << 30) | (noise.next() >> 2)),
                      noise.between(-31, 6)};
        fr_multiplier_t ours = {by.fixed, by.shift};
        ASSERT_EQ(fr_rescale_once(value, ours), rescale_once(value, by)) << value;
        ASSERT_EQ(fr_rescale_twice(value, ours), rescale_twice(value, by)) << value;
    }
}

TEST(FixedTest, HighMultiplySaturatesItsOnlyOverflow) {
    EXPECT_EQ(fr_high_multiply(INT32_MIN, INT32_MIN), INT32_MAX);
    EXPECT_EQ(fr_high_multiply(INT32_MIN, INT32_MAX), -INT32_MAX);
    EXPECT_EQ(fr_high_multiply(1 << 30, 1), 1);     // half rounds up
    EXPECT_EQ(fr_high_multiply(-(1 << 30), 1), 0);  // and so does minus half
}

}  // namespace
}  // namespace frugal::test
