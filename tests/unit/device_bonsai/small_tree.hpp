// SPDX-License-Identifier: Apache-2.0
// A container of a few bytes that can be computed by hand. Test code only.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "frugal/bonsai.h"

namespace frugal::test {

using Bytes = std::vector<std::uint8_t>;

/// One feature over three inputs: (2 a - c) / 16; depth 1, two classes. The root adds nothing and
/// branches on feature > 1; the left leaf scores -1, the right leaf the feature itself.
inline Bytes small_tree() {
    const auto byte = [](int value) { return static_cast<std::uint8_t>(value); };
    // Gates of 64 at shift 0 times 4096 saturate tanh; scores are in 1/64.
    return {
        'F',  'R',       'B', 'N',       1,  1,  1, 2, 3, 0, byte(-1), 0, 0, 6, 1, 0,  // header
        0,    1,         0,   0,         2,  0,   // multiplier 256, offset 0, a row of two bytes
        0x20, 0xf1,                               // 2 at once, then one skipped and -1
        64,   byte(-64),                          // branch: feature - 1
        0,    0,         0,   64,        0,  64,  // gates of root, left, right
        0,    0,         0,   byte(-64), 64, 0    // scores
    };
}

inline fr_bonsai_t opened(const Bytes& bytes) {
    fr_bonsai_t model{};
    EXPECT_EQ(fr_bonsai_open(&model, bytes.data(), bytes.size()), FR_OK);
    return model;
}

inline std::int32_t score_of(const Bytes& bytes, const std::vector<std::int8_t>& input) {
    fr_bonsai_t model = opened(bytes);
    std::int32_t scores[FR_CLASSES_MAX] = {};
    EXPECT_EQ(fr_bonsai_scores(&model, input.data(), input.size(), scores), FR_OK);
    return scores[0];
}

}  // namespace frugal::test
