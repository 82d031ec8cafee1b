// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "device-sim/support/random.hpp"
#include "device-sim/support/text.hpp"

namespace frugal::swarm {
namespace {

TEST(Text, Base64MatchesTheExamplesOfRfc4648) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, coded] : cases) {
        EXPECT_EQ(to_base64(as_bytes(plain)), coded);
        const auto back = from_base64(coded);
        ASSERT_TRUE(back) << coded;
        EXPECT_EQ(as_text(*back), plain);
    }
}

TEST(Text, Base64SkipsLineBreaksAndRefusesTheRest) {
    EXPECT_EQ(as_text(*from_base64("Zm9v\r\nYmFy\n")), "foobar");
    for (const char* bad : {"Zg=", "Z", "Zg==Zg==", "Z*==", "===="}) {
        EXPECT_FALSE(from_base64(bad)) << bad;
    }
}

TEST(Text, HexRoundTripAndRefusals) {
    EXPECT_EQ(to_hex(Bytes{0, 0x7f, 0xff}), "007fff");
    EXPECT_EQ(*from_hex("00Ff"), (Bytes{0, 0xff}));
    EXPECT_FALSE(from_hex("0"));
    EXPECT_FALSE(from_hex("0g"));
    EXPECT_FALSE(from_hex("\x10\x10"));
}

TEST(Random, SameSeedSameSequenceAndLabelsDiffer) {
    Random first(derive_seed(7, "a"));
    Random second(derive_seed(7, "a"));
    EXPECT_EQ(first.next(), second.next());
    EXPECT_NE(derive_seed(7, "a"), derive_seed(7, "b"));
    EXPECT_NE(derive_seed(7, "a"), derive_seed(8, "a"));
}

TEST(Random, StaysInBoundsAndNormalHasItsMoments) {
    Random random(1);
    double sum = 0;
    double squares = 0;
    constexpr int kDraws = 20000;
    for (int i = 0; i < kDraws; ++i) {
        EXPECT_LT(random.below(10), 10u);
        const double value = random.normal();
        sum += value;
        squares += value * value;
    }
    EXPECT_NEAR(sum / kDraws, 0.0, 0.05);
    EXPECT_NEAR(squares / kDraws, 1.0, 0.05);
}

}  // namespace
}  // namespace frugal::swarm
