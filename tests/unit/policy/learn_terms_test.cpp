// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/learn_terms.hpp"

#include <gtest/gtest.h>

namespace frugal::policy {
namespace {

TEST(LearnTerms, ModesAreReadAsAuthored) {
    EXPECT_EQ(parse_learn_mode("isogain")->mode, LearnMode::kIsoGain);
    EXPECT_EQ(parse_learn_mode("hedge")->mode, LearnMode::kHedge);
    EXPECT_EQ(parse_learn_mode("off")->mode, LearnMode::kOff);
    const auto fixed = parse_learn_mode("fixed(0.62)");
    ASSERT_TRUE(fixed);
    EXPECT_EQ(fixed->mode, LearnMode::kFixed);
    EXPECT_DOUBLE_EQ(fixed->threshold, 0.62);
}

TEST(LearnTerms, WhatIsNoModeIsRefused) {
    for (const char* text : {"", "iso", "fixed", "fixed()", "fixed(0.62", "fixed(1.1)", "fixed(-1)",
                             "fixed(nan)", "off(1)", "isogain ", "fixed(0.5)x"}) {
        EXPECT_FALSE(parse_learn_mode(text)) << text;
    }
}

TEST(LearnTerms, AnAuthoredTableCountsForItsPairOnly) {
    LearnTerms terms;
    terms.model = "0101";
    base::Digest model{};
    model.fill(1);
    EXPECT_TRUE(is_measured_for(terms, model, {}));
    EXPECT_FALSE(is_measured_for(terms, {}, {}));
    terms.edge = "02";
    EXPECT_FALSE(is_measured_for(terms, model, {}));
}

TEST(LearnTerms, AFixedThresholdSendsWhatIsLessCertain) {
    const TableBytes table = fixed_table(0.5);
    EXPECT_EQ(table[15], 255);
    EXPECT_EQ(table[16], 0);
    EXPECT_EQ(fixed_table(0), TableBytes{});
}

}  // namespace
}  // namespace frugal::policy
