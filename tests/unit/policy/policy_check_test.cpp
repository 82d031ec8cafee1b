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
    EXPECT_NE(refused.error().message.find("ceiling is 0"), std::string::npos)
        << refused.error().describe();
    const auto priced = check_policy(
        replaced(zero(free), "privacy", "price = { payload = 4 }\nprivacy"), "leaf.toml");
    EXPECT_TRUE(priced) << priced.error().describe();
}

TEST(PolicyCheck, RefusesACeilingOfNothingWhereAQuestionOfTheTaskIsFree) {
    const std::string closed = replaced(
        replaced(sound(), "blight = \"always-edge\"", ""), "privacy",
        "bounds = { floor = 0, ceiling = 0 }\nprice = { payload = 1, latency = 1, shift = 6 }\n"
        "privacy");
    const auto stated = [&closed](const std::string& bytes) {
        return check_policy(replaced(closed, "privacy", "payload_bytes = " + bytes + "\nprivacy"),
                            "leaf.toml");
    };
    const auto refused = stated("784");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().describe().find("a question of 784 bytes is free"), std::string::npos)
        << refused.error().describe();
    EXPECT_TRUE(stated("1024")) << stated("1024").error().describe();
    // Nobody says how large an input is: so it is said how far the proof goes.
    const auto unknown = check_policy(closed, "leaf.toml");
    ASSERT_TRUE(unknown) << unknown.error().describe();
    ASSERT_EQ(unknown->remarks.size(), 1U);
    EXPECT_NE(unknown->remarks[0].find("payload_bytes"), std::string::npos);
    // A gateway knows it, whatever the file says.
    const DefinedTask defined{"leaf", 0, 784};
    EXPECT_FALSE(check_policy(closed, "leaf.toml", &defined));
    EXPECT_FALSE(check_policy(replaced(closed, "privacy", "payload_bytes = 1024\nprivacy"),
                              "leaf.toml", &defined));
}

// Devices are not always where a guard holds.
TEST(PolicyCheck, NoGuardMakesACeilingOfNothingSound) {
    const std::string closed =
        replaced(replaced(sound(), "blight = \"always-edge\"", ""), "privacy",
                 "bounds = { floor = 0, ceiling = 0 }\npayload_bytes = 784\nprivacy");
    const auto guarded = [&closed](const std::string& when) {
        return check_policy(closed + "[[guard]]\nwhen = \"" + when + "\"\nthen = \"local\"\n",
                            "leaf.toml");
    };
    EXPECT_FALSE(check_policy(closed, "leaf.toml"));
    for (const char* when :
         {"rtt < 5ms", "uptime < 1h", "policy_age < 1h", "misfires < 1", "load < 10", "price < 10",
          "margin < 10", "payload < 16B", "rssi > -20dBm", "battery > 50%", "battery < 20%",
          "rtt < slack", "confidence < 250", "slack > 1000ms", "tokens > 3", "free_ram > 64B"}) {
        SCOPED_TRACE(when);
        const auto refused = guarded(when);
        ASSERT_FALSE(refused);
        EXPECT_NE(refused.error().describe().find("ceiling is 0"), std::string::npos)
            << refused.error().describe();
    }
    // Inputs of 784 bytes are all there is.
    EXPECT_TRUE(guarded("payload > 512B")) << guarded("payload > 512B").error().describe();
}

TEST(PolicyCheck, AGuardThatHoldsNowHidesNoEscalation) {
    for (const char* when : {"rtt < 5ms", "uptime < 1h", "misfires < 1", "battery > 50%"}) {
        SCOPED_TRACE(when);
        const auto proof = check_policy(
            sound() + "[[guard]]\nwhen = \"" + when + "\"\nthen = \"local\"\n", "leaf.toml");
        ASSERT_TRUE(proof) << proof.error().describe();
        EXPECT_TRUE(proof->tasks[0].can_escalate);
    }
}

TEST(PolicyCheck, SaysThatNothingPaysAPrice) {
    const auto remarks = [](const std::string& price, const std::string& bounds = "") {
        const auto proof = check_policy(
            replaced(sound(), "privacy",
                     "payload_bytes = 784\nprice = { " + price + " }\n" + bounds + "privacy"),
            "leaf.toml");
        EXPECT_TRUE(proof) << proof.error().describe();
        std::size_t count = 0;
        for (const auto& remark : proof ? proof->remarks : std::vector<std::string>()) {
            count += remark.find("no gain can pay") != std::string::npos ? 1 : 0;
        }
        return count;
    };
    EXPECT_EQ(remarks("payload = 255"), 1U) << "49 x 255 is more than 255";
    EXPECT_EQ(remarks("payload = 5"), 0U) << "245: a gain of 255 pays, though not the file's 250";
    EXPECT_EQ(remarks("payload = 255, shift = 8"), 0U);
    EXPECT_EQ(remarks("battery = 1"), 1U) << "310 with a full battery";
    EXPECT_EQ(remarks("load = 255"), 0U) << "the gateway may be idle";
    EXPECT_EQ(remarks("payload = 4", "bounds = { floor = 0, ceiling = 0.5 }\n"), 1U);
    EXPECT_EQ(remarks("payload = 4", "bounds = { floor = 0, ceiling = 0 }\n"), 0U) << "meant";
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
    EXPECT_FALSE(proof.error().cause.empty()) << text;
    EXPECT_FALSE(proof.error().remedy.empty()) << text;
}

std::string zeros() {
    std::string text = "0";
    for (int i = 1; i < 32; ++i) {
        text += ", 0";
    }
    return text;
}

const Case kCases[] = {
    {"no_fail_safe", "fail_safe = \"local\"", "", "1:1", "no fail_safe"},
    {"odd_fail_safe", "\"local\"", "\"panic\"", "2:13", "cannot be had"},
    {"fail_safe_hold", "\"local\"", "\"hold\"", "2:13", "cannot be had"},
    {"fail_safe_alarm", "\"local\"", "\"local+alarm\"", "2:13", "cannot be had"},
    {"misspelt_fail_safe", "fail_safe", "fail_saef", "2:1", "Did you mean fail_safe?"},
    {"fail_safe_of_a_number", "\"local\"", "7", "2:13", "a text in quotes, not a whole number"},
    {"misspelt_caps", "caps", "capsx", "5:1", "Did you mean caps?"},
    {"caps_of_a_text", "{ node_per_hour = 64 }", "\"x\"", "5:8", "caps = { node_per_hour = 64 }"},
    {"misspelt_digest", "sha256", "sha25", "9:1", "Did you mean sha256?"},
    {"digest_of_a_number", "\"" + std::string(64, 'b') + "\"", "7", "9:10", "wrong type"},
    {"model_of_a_table", "[[task.leaf.model]]", "[task.leaf.model]", "7:1", "not a table"},
    {"unknown_key_like_nothing", "privacy", "moonlight", "4:1", "docs/reference/policy-file.md"},
    {"task_of_a_number", "[task.leaf]", "[task]\nroot = 3\n[task.leaf]", "4:8", "is no table"},
    {"error_not_1", "[task.leaf]", "[units]\nerror = 2\n[task.leaf]", "4:9", "error = 2 is not 1"},
    {"payload_bytes", "privacy", "payload_bytes = -1\nprivacy", "4:17", "payload_bytes = -1"},
    {"rho_nan", "name =", "rho = nan\nname =", "8:7", "rho = nan is not -10 to 10"},
    {"rho_inf", "name =", "rho = inf\nname =", "8:7", "rho = inf is not -10 to 10"},
    {"temperature_0", "name =", "temperature = 0\nname =", "8:15", "temperature = 0 is not"},
    {"temperature_inf", "name =", "temperature = inf\nname =", "8:15", "temperature = inf"},
    {"temperature_nan", "name =", "temperature = nan\nname =", "8:15", "temperature = nan"},
    {"canary_negative", "name =", "canary = -5\nname =", "8:10", "canary = -5 is not 0 to"},
    {"canary_huge", "name =", "canary = 9000000000000000000\nname =", "8:10", "canary = 9e+18"},
    {"group_share_nan", "= 64", "= 64, group_share = nan", "5:44", "not between"},
    {"bound_nan", "privacy", "bounds = { floor = nan }\nprivacy", "4:20", "not a gain of 0 to 1"},
    {"bounds_cross", "privacy", "bounds = { floor = 1, ceiling = 0 }\nprivacy", "4:10",
     "above the"},
    {"privacy", "edge-only", "secret", "4:11", "does not exist"},
    {"tier", "privacy", "tier = \"moon\"\nprivacy", "4:8", "not available"},
    {"pin", "privacy", "pin = \"x\"\nprivacy", "4:7", "pin is"},
    {"audit", "privacy", "audit = \"1\"\nprivacy", "4:9", "not a share"},
    {"learn", "privacy", "learn = \"much\"\nprivacy", "4:9", "unknown value for learn"},
    {"learn_nan", "privacy", "learn = \"fixed(nan)\"\nprivacy", "4:9", "unknown value for learn"},
    {"expires", "fail_safe", "expires = \"nanh\"\nfail_safe", "2:11", "not a number"},
    {"deadline", "privacy", "deadline = \"nanms\"\nprivacy", "4:12", "not a number"},
    {"edge", "privacy", "edge = \"big@md5:12\"\nprivacy", "4:8", "no model by its sha256"},
    {"edge_digest", "privacy", "edge = \"big@sha256:12\"\nprivacy", "4:8", "no model by"},
    {"weight", "privacy", "price = { load = 256 }\nprivacy", "4:18", "not in 0..255"},
    {"shift", "privacy", "price = { load = 1, shift = 32 }\nprivacy", "4:29", "not in 0..31"},
    {"shift_of_all", "privacy", "price = { load = 1, shift = 9 }\nprivacy", "4:29",
     "every price 0"},
    {"class_rule", "\"always-edge\"", "\"sometimes\"", "6:22", "a class rule is"},
    {"class_without_name", "blight", "\"\"", "6:18", "names no class"},
    {"guard_without_then", "[task.leaf]", "[[guard]]\nwhen = \"rtt > 2s\"\n[task.leaf]", "3:1",
     "a guard needs"},
    {"guard_to_edge", "[task.leaf]", "[[guard]]\nwhen = \"rtt > 2s\"\nthen = \"edge\"\n[task.leaf]",
     "5:8", "a guard needs"},
    {"same_digest", "gain = [250",
     "gain = [" + zeros() + "]\n[[task.leaf.model]]\nsha256 = \"" + std::string(64, 'b') +
         "\"\ngain = [250",
     "12:10", "another model has the same sha256"},
    {"no_gain", "gain =", "name2 =", "10:1", "no key"},
    {"short_gain", "250, ", "", "7:1", "gain must have 32 numbers"},
    {"no_task", "[task.leaf]", "[task]\n[tusk.leaf]", "4:2", "Did you mean task?"},
    {"private_class_rule", "edge-only", "never", "6:22", "private task"},
    {"private_pin", "edge-only\"", "never\"\npin = \"always-edge\"", "5:7", "pinned to the edge"},
    {"no_cap", "caps = { node_per_hour = 64 }\n", "", "3:1", "without a cap"},
    {"cap_of_zero", "= 64", "= 0", "5:26", "without a cap"},
    {"cap_too_large", "= 64", "= 99999", "5:26", "Write 2040."},
    {"cap_of_1", "= 64", "= 1", "5:26", "Write 8."},
    {"cap_between", "= 64", "= 63", "5:26", "Write 56 or 64."},
    {"cap_negative", "= 64", "= -8", "5:26", "is no cap"},
    {"cap_inf", "= 64", "= inf", "5:26", "a whole number, not a number"},
    {"gain_out_of_range", "[250,", "[256,", "10:9", "0..255"},
    {"no_digest", std::string(64, 'b'), "b", "9:10", "sha256"},
    {"misspelt_key", "privacy", "privcy", "4:1", "Did you mean privacy?"},
    {"no_toml", "[policy]", "[policy", "1:8", "TOML"},
    {"key_of_no_letters", "[policy]", "[ = 1", "1:", "TOML"},
};

INSTANTIATE_TEST_SUITE_P(, BadPolicy, testing::ValuesIn(kCases),
                         [](const auto& one) { return one.param.case_name; });

TEST(PolicyCheck, RemarksOnATaskWithoutAPrice) {
    const auto bare = check_policy(sound(), "leaf.toml");
    ASSERT_TRUE(bare);
    ASSERT_EQ(bare->remarks.size(), 1U);
    EXPECT_NE(bare->remarks[0].find("task leaf has no price"), std::string::npos);
    for (const auto* more : {"price = { payload = 4 }\n", "pin = \"always-local\"\n"}) {
        const auto priced =
            check_policy(replaced(sound(), "privacy", more + std::string("privacy")), "leaf.toml");
        ASSERT_TRUE(priced) << priced.error().describe();
        EXPECT_TRUE(priced->remarks.empty()) << more;
    }
}

TEST(PolicyCheck, ADigestInCapitalsIsTheSame) {
    const auto proof =
        check_policy(replaced(sound(), std::string(64, 'b'), std::string(64, 'B')), "leaf.toml");
    EXPECT_TRUE(proof) << proof.error().describe();
}

TEST(PolicyCheck, RefusesATextThatNoGatewayTakes) {
    const std::string most = sound() + "#" + std::string(kPolicyTextMax - sound().size() - 1, '-');
    EXPECT_TRUE(check_policy(most, "leaf.toml"));
    const auto refused = check_policy(most + "-", "leaf.toml");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::kLimit);
    EXPECT_FALSE(refused.error().cause.empty());
    EXPECT_FALSE(refused.error().remedy.empty());
}

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
