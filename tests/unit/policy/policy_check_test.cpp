// SPDX-License-Identifier: Apache-2.0
#include "policy/author/policy_check.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/hex.hpp"
#include "frugal/policy.h"
#include "policy/author/policy_proof.hpp"

namespace frugal::policy {
namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

std::string sound() {
    std::string gains = "250";
    for (int i = 1; i < 32; ++i) {
        gains += ", " + std::to_string(250 - 8 * i);
    }
    return "[policy]\nfail_safe = \"local\"\n"
           "[task.leaf]\nprivacy = \"edge-only\"\n"
           "caps = { node_per_hour = 64 }\n"
           "classes = { blight = \"always-edge\" }\n"
           "[[task.leaf.model]]\nname = \"tiny\"\nsha256 = \"" +
           std::string(64, 'b') + "\"\ngain = [" + gains + "]\n";
}

TEST(PolicyCheck, ProvesASoundPolicy) {
    const auto proof = check_policy(sound(), "leaf.toml");
    ASSERT_TRUE(proof) << proof.error().describe();
    EXPECT_EQ(proof->fail_safe, "local");
    ASSERT_EQ(proof->tasks.size(), 1u);
    EXPECT_EQ(proof->tasks[0].model, "tiny");
    EXPECT_EQ(proof->tasks[0].cap_per_hour, 64u);
    EXPECT_TRUE(proof->tasks[0].can_escalate);
    EXPECT_LE(proof->tasks[0].compiled_bytes, FR_POLICY_SIZE_MAX);
}

TEST(PolicyCheck, ProvesThatAPrivateTaskStays) {
    const auto proof = check_policy(
        replaced(replaced(sound(), "edge-only", "never"), "always-edge", "always-local"),
        "leaf.toml");
    ASSERT_TRUE(proof) << proof.error().describe();
    EXPECT_FALSE(proof->tasks[0].can_escalate);
}

TEST(PolicyCheck, ProvesThatLearningStaysWithinTheBounds) {
    const auto proof =
        check_policy(replaced(replaced(sound(), "blight = \"always-edge\"",
                                       "blight = { floor = 0.25 }, soil = \"always-local\""),
                              "privacy", "bounds = { ceiling = 0.5 }\nprivacy"),
                     "leaf.toml");
    ASSERT_TRUE(proof) << proof.error().describe();
    EXPECT_EQ(proof->tasks[0].gain_bounds,
              (std::vector<std::string>{"gains: 0.000 to 0.500",
                                        "gains of class blight: 0.250 to 0.500"}));
}

TEST(PolicyCheck, SeesAGainThatLeavesItsBounds) {
    const auto digest = *base::digest_from_hex(std::string(64, 'b'));
    const auto compiled = compile_policy(sound(), "leaf.toml", {"leaf", 1, digest, {"blight"}, 1});
    ASSERT_TRUE(compiled) << compiled.error().describe();
    ClassRules rules{.groups = {FR_POLICY_PIN_EDGE}, .has_pins = true};
    EXPECT_TRUE(keeps_bounds(*compiled, rules));
    rules.bounds[0] = {0, 249};
    EXPECT_FALSE(keeps_bounds(*compiled, rules)) << "the file's own table reaches 250";
}

TEST(PolicyCheck, RefusesACeilingOfNothingWhereAQuestionIsFree) {
    const std::string free =
        replaced(sound(), "blight = \"always-edge\"", "blight = { ceiling = 0 }");
    const auto zero = [](std::string text) {
        const auto at = text.find("gain = [");
        text.replace(at, std::string::npos, "gain = [0");
        for (int i = 1; i < 32; ++i) {
            text += ", 0";
        }
        return text + "]\n";
    };
    const auto refused = check_policy(zero(free), "leaf.toml");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("ceiling 0"), std::string::npos)
        << refused.error().describe();
    const auto priced = check_policy(
        replaced(zero(free), "privacy", "price = { payload = 4 }\nprivacy"), "leaf.toml");
    EXPECT_TRUE(priced) << priced.error().describe();
}

TEST(PolicyCheck, RefusesBoundsWithHedge) {
    const auto with = [](const std::string& learn) {
        return check_policy(
            replaced(sound(), "privacy",
                     "learn = \"" + learn + "\"\nbounds = { ceiling = 0.99 }\nprivacy"),
            "leaf.toml");
    };
    const auto refused = with("hedge");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().describe().find("hedge"), std::string::npos);
    EXPECT_TRUE(with("isogain")) << with("isogain").error().describe();
}

struct Case {
    std::string case_name;
    std::string from;
    std::string to;
    std::string place;
    std::string what;
};

class BadPolicy : public testing::TestWithParam<Case> {};

TEST_P(BadPolicy, IsRefusedWithPlaceAndRemedy) {
    const auto proof = check_policy(replaced(sound(), GetParam().from, GetParam().to), "leaf.toml");
    ASSERT_FALSE(proof);
    const std::string text = proof.error().describe();
    EXPECT_NE(text.find("leaf.toml:" + GetParam().place), std::string::npos) << text;
    EXPECT_NE(text.find(GetParam().what), std::string::npos) << text;
    EXPECT_FALSE(proof.error().remedy.empty()) << text;
}

const Case kCases[] = {
    {"no_fail_safe", "fail_safe = \"local\"", "", "1:1", "no fail_safe"},
    {"odd_fail_safe", "\"local\"", "\"panic\"", "2:13", "does not exist"},
    {"private_class_rule", "edge-only", "never", "6:22", "private task"},
    {"no_cap", "caps = { node_per_hour = 64 }\n", "", "3:1", "without a cap"},
    {"cap_of_zero", "= 64", "= 0", "5:26", "without a cap"},
    {"cap_too_large", "= 64", "= 99999", "5:26", "cannot be compiled"},
    {"gain_out_of_range", "[250,", "[256,", "10:9", "0..255"},
    {"no_digest", std::string(64, 'b'), "b", "7:1", "sha256"},
    {"misspelt_key", "privacy", "privcy", "4:10", "no key"},
    {"no_toml", "[policy]", "[policy", "1:8", "TOML"},
    {"key_of_no_letters", "[policy]", "[ = 1", "1:", "TOML"},
};

INSTANTIATE_TEST_SUITE_P(, BadPolicy, testing::ValuesIn(kCases),
                         [](const auto& one) { return one.param.case_name; });

TEST(PolicyCheck, TheSuppliedPolicyIsSound) {
    std::ifstream file(FRUGAL_SOURCE_DIR "/config/policies/fashion.toml");
    std::stringstream text;
    text << file.rdbuf();
    const auto proof = check_policy(text.str(), "fashion.toml");
    ASSERT_TRUE(proof) << proof.error().describe();
    EXPECT_EQ(proof->tasks.size(), 5u);
    EXPECT_EQ(proof->guards, 1u);
}

}  // namespace
}  // namespace frugal::policy
