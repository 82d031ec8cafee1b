// SPDX-License-Identifier: Apache-2.0
// The arithmetic of proto/BONSAI.md on a tree small enough to follow by hand.
#include "unit/device_bonsai/small_tree.hpp"

namespace frugal::test {
namespace {

constexpr int kSaturated = 32746;  // tanh at 4 and beyond, in 1/32768

int gated(int value) {
    return (value * kSaturated + (1 << 14)) >> 15;
}

TEST(BonsaiTest, ItsWorkIsWhatAnInferenceMultiplies) {
    // Two bytes of the row; feature and bias at the branch; gate and score at root and leaf.
    const Bytes bytes = small_tree();
    const fr_bonsai_t model = opened(bytes);
    EXPECT_EQ(fr_bonsai_work(&model), 2U + 2U + 2U * 4U);
}

TEST(BonsaiTest, ATreeIsToldByItsFirstBytes) {
    const Bytes bytes = small_tree();
    EXPECT_TRUE(fr_bonsai_is_tree(bytes.data(), bytes.size()));
    EXPECT_FALSE(fr_bonsai_is_tree(bytes.data(), 3)) << "not without them";
    for (std::size_t i = 0; i < 4; ++i) {
        Bytes other = bytes;
        other[i] ^= 0x20;
        EXPECT_FALSE(fr_bonsai_is_tree(other.data(), other.size())) << i;
    }
}

TEST(BonsaiTest, TheLeftLeafScoresMinusOne) {
    // (2 * (3 + 1) - (1 + 1)) * 256 = 1536: below 1, so left.
    EXPECT_EQ(score_of(small_tree(), {3, 99, 1}), gated(-4096));
}

TEST(BonsaiTest, TheRightLeafScoresTheFeature) {
    // (2 * 20 - 0) * 256 = 10240, above 1.
    EXPECT_EQ(score_of(small_tree(), {19, 99, -1}), gated(10240));
}

TEST(BonsaiTest, ExactlyTheThresholdGoesLeft) {
    EXPECT_EQ(score_of(small_tree(), {7, 0, -1}), gated(-4096));
}

TEST(BonsaiTest, FeaturesAreLimited) {
    Bytes bytes = small_tree();
    bytes[17] = 0xff;  // multiplier 65280
    EXPECT_EQ(score_of(bytes, {127, 0, -1}), gated(32767));
}

TEST(BonsaiTest, TheSignDecidesBetweenTwoClasses) {
    Bytes bytes = small_tree();
    fr_bonsai_t model = opened(bytes);
    fr_classification_t answer;
    const std::int8_t left[] = {0, 0, 0};
    ASSERT_EQ(fr_bonsai_classify(&model, left, 3, &answer), FR_OK);
    EXPECT_EQ(answer.class_index, 0);
    // A score of 1 at shift 1 is a logit of 1/2: 0.622, and 0.245 from the other side.
    EXPECT_EQ(answer.confidence_q8, 159);
    EXPECT_EQ(answer.margin_q8, 62);
    const std::int8_t right[] = {127, 0, -1};
    ASSERT_EQ(fr_bonsai_classify(&model, right, 3, &answer), FR_OK);
    EXPECT_EQ(answer.class_index, 1);
    EXPECT_GT(answer.confidence_q8, 240);
}

TEST(BonsaiTest, AnInputOfAnotherSizeIsRefused) {
    Bytes bytes = small_tree();
    fr_bonsai_t model = opened(bytes);
    std::int32_t scores[FR_CLASSES_MAX];
    const std::int8_t input[4] = {};
    EXPECT_EQ(fr_bonsai_scores(&model, input, 4, scores), FR_ERROR_ARGUMENT);
    EXPECT_EQ(fr_bonsai_scores(&model, input, 2, scores), FR_ERROR_ARGUMENT);
    EXPECT_EQ(fr_bonsai_scores(&model, nullptr, 3, scores), FR_ERROR_ARGUMENT);
}

/// No features that matter: each class's score is a constant, W times 1 behind a saturated gate.
Bytes constant_scores(const std::vector<int>& scores) {
    Bytes bytes = {'F', 'R', 'B', 'N', 1, 1, 0, static_cast<std::uint8_t>(scores.size()),
                   1,   0,   0,   0,   0, 6, 0, 0,
                   0,   0,   0,   0,   0, 0};
    for (std::size_t i = 0; i < scores.size(); ++i) {
        bytes.insert(bytes.end(), {0, 64});
    }
    for (int score : scores) {
        bytes.insert(bytes.end(), {0, static_cast<std::uint8_t>(score)});
    }
    return bytes;
}

TEST(BonsaiTest, TheHighestOfManyScoresWinsTheFirstAmongEquals) {
    const std::int8_t input[] = {0};
    fr_classification_t answer;
    struct Case {
        std::vector<int> scores;
        int expected;
    };
    for (const Case& one : {Case{{1, 5, 3}, 1}, Case{{9, 5, 9}, 0}, Case{{-3, -4, -2, -2}, 2}}) {
        Bytes bytes = constant_scores(one.scores);
        fr_bonsai_t model = opened(bytes);
        ASSERT_EQ(fr_bonsai_classify(&model, input, 1, &answer), FR_OK);
        EXPECT_EQ(answer.class_index, one.expected);
    }
    Bytes equal = constant_scores({7, 7, 7});
    fr_bonsai_t model = opened(equal);
    ASSERT_EQ(fr_bonsai_classify(&model, input, 1, &answer), FR_OK);
    EXPECT_EQ(answer.confidence_q8, 128);
    EXPECT_EQ(answer.margin_q8, 0);
}

}  // namespace
}  // namespace frugal::test
