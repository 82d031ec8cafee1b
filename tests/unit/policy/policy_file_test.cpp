// SPDX-License-Identifier: Apache-2.0
#include "policy/author/policy_file.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/hex.hpp"
#include "frugal/policy.h"

namespace frugal::policy {
namespace {

const std::string kModel(64, 'a');

PolicyTarget target() {
    PolicyTarget target;
    target.task_name = "leaf";
    target.task = 3;
    target.model_digest = *base::digest_from_hex(kModel);
    target.class_labels = {"healthy", "blight", "soil"};
    target.policy_id = 9;
    return target;
}

std::string policy_text(const std::string& more = "") {
    std::string gains = "255";
    for (int i = 1; i < 32; ++i) {
        gains += ", " + std::to_string(255 - 8 * i);
    }
    return "[policy]\nexpires = \"72h\"\n[task.leaf]\nprivacy = \"edge-only\"\ndeadline = "
           "\"800ms\"\n"
           "audit = \"1/256\"\nclasses = { blight = \"always-edge\", soil = \"always-local\" }\n"
           "[task.leaf.price]\npayload = 0\nlatency = 64\nshift = 4\n"
           "[[task.leaf.model]]\nsha256 = \"" +
           kModel + "\"\ngain = [" + gains +
           "]\n"
           "[[guard]]\nwhen = \"battery < 20% or rtt > slack\"\nthen = \"local\"\n" +
           more;
}

fr_policy_answer_t answer_for(const base::Bytes& policy, int confidence, int battery, int rtt,
                              int local_class) {
    fr_policy_context_t context{};
    context.fields[FR_FIELD_TASK] = 3;
    context.fields[FR_FIELD_CONFIDENCE] = static_cast<std::int16_t>(confidence);
    context.fields[FR_FIELD_BATTERY] = static_cast<std::int16_t>(battery);
    context.fields[FR_FIELD_RTT] = static_cast<std::int16_t>(rtt);
    context.fields[FR_FIELD_CLASS] = static_cast<std::int16_t>(local_class);
    context.fields[FR_FIELD_SLACK] = 1000;
    context.fields[FR_FIELD_TOKENS] = 10;
    context.fields[FR_FIELD_LINK] = 1;
    context.random = 255;  // no audit
    fr_policy_answer_t answer{};
    fr_policy_evaluate(policy.data(), policy.size(), &context, &answer);
    return answer;
}

std::uint32_t model_of(const base::Bytes& policy) {
    return fr_policy_model(policy.data(), policy.size(), 3);
}

/// The text with another key in the task.
std::string with_key(const std::string& key) {
    auto text = policy_text();
    return text.insert(text.find("audit ="), key + "\n");
}

TEST(PolicyFile, IsBoundToTheModelThatItsTableIsFor) {
    EXPECT_EQ(model_of(compile_policy(policy_text(), "leaf.toml", target()).value()), 0xAAAAu);
    for (const auto* key : {"pin = \"always-local\"", "learn = \"fixed(0.5)\""}) {
        EXPECT_EQ(model_of(compile_policy(with_key(key), "leaf.toml", target()).value()), 0u)
            << key << " says the same of every model";
    }
}

TEST(PolicyFile, WhatLearnsMayBeginAnewForAModelWithoutATable) {
    auto other = target();
    other.model_digest.fill(0xBB);
    const auto text = with_key("learn = \"isogain\"\nbounds = { ceiling = 0.5 }");
    EXPECT_FALSE(compile_policy(text, "leaf.toml", other)) << "a person is told";
    other.without_table = WithoutTable::kBeginAnew;
    const auto policy = compile_policy(text, "leaf.toml", other);
    ASSERT_TRUE(policy) << policy.error().describe();
    EXPECT_EQ(model_of(*policy), 0xBBBBu);
    EXPECT_EQ(answer_for(*policy, 0, 200, 4, 0).gain, 128) << "within the bounds";
    EXPECT_EQ(answer_for(*policy, 252, 200, 4, 0).gain, 4) << "what Chow's rule says";
    EXPECT_FALSE(compile_policy(policy_text(), "leaf.toml", other)) << "it does not learn";
}

TEST(PolicyFile, TheGroupsShareIsForTheGateway) {
    const auto with_share = [](const std::string& share) {
        return "[task.leaf.caps]\ngroup_share = " + share + "\n";
    };
    EXPECT_EQ(read_group_share(policy_text(), "p.toml", "leaf").value(), 0U);
    EXPECT_EQ(read_group_share(policy_text(with_share("0.25")), "p.toml", "leaf").value(), 250U);
    EXPECT_EQ(read_group_share(policy_text(with_share("1")), "p.toml", "leaf").value(), 1000U);
    EXPECT_EQ(read_group_share(policy_text(with_share("0.29")), "p.toml", "leaf").value(), 290U);
    EXPECT_EQ(read_group_share(policy_text(with_share("0.0019")), "p.toml", "leaf").value(), 1U)
        << "rounded down";
    EXPECT_EQ(compile_policy(policy_text(with_share("0.25")), "p.toml", target()).value(),
              compile_policy(policy_text(), "p.toml", target()).value())
        << "devices see nothing of it";
    for (const auto* share : {"0", "0.0001", "1.5", "-0.2", "nan", "inf"}) {
        const auto refused = compile_policy(policy_text(with_share(share)), "p.toml", target());
        ASSERT_FALSE(refused) << share;
        EXPECT_NE(refused.error().describe().find("p.toml:"), std::string::npos);
        EXPECT_NE(refused.error().describe().find("group_share"), std::string::npos);
    }
}

TEST(PolicyFile, CompiledFormDecidesAsWritten) {
    const auto policy = compile_policy(policy_text(), "leaf.toml", target());
    ASSERT_TRUE(policy) << policy.error().describe();
    EXPECT_EQ(fr_policy_check(policy->data(), policy->size()), FR_OK);
    EXPECT_EQ(fr_policy_id(policy->data(), policy->size()), 9u);
    // latency 64 * (20 / 4) >> 4 = 20: escalate while the bin's gain is at least 20.
    EXPECT_EQ(answer_for(*policy, 0, 200, 20, 0).tier, FR_TIER_EDGE);
    EXPECT_EQ(answer_for(*policy, 255, 200, 20, 0).reason, FR_POLICY_LOCAL_CONF);
    EXPECT_EQ(answer_for(*policy, 0, 39, 20, 0).reason, FR_POLICY_GUARD);
    EXPECT_EQ(answer_for(*policy, 0, 40, 20, 0).tier, FR_TIER_EDGE);
    EXPECT_EQ(answer_for(*policy, 0, 200, 1001, 0).reason, FR_POLICY_GUARD);
    EXPECT_EQ(answer_for(*policy, 255, 200, 20, 1).reason, FR_POLICY_ESC_RULE);
    EXPECT_EQ(answer_for(*policy, 0, 200, 20, 2).reason, FR_POLICY_CLASS_RULE);
}

std::string with_classes(const std::string& classes) {
    std::string text = policy_text();
    const std::string before = "classes = { blight = \"always-edge\", soil = \"always-local\" }";
    return text.replace(text.find(before), before.size(), classes);
}

/// The gain that a device sees of a class.
int gain_of(const base::Bytes& policy, int confidence, int local_class) {
    return answer_for(policy, confidence, 200, 20, local_class).gain;
}

TEST(PolicyFile, TheMostSpecificBoundOfAGainHolds) {
    const std::string text = with_classes(
        "bounds = { floor = 0.1, ceiling = 0.8 }\n"
        "classes = { blight = { floor = 0.25 }, soil = { ceiling = 0.5 } }");
    const auto policy = compile_policy(text, "leaf.toml", target());
    ASSERT_TRUE(policy) << policy.error().describe();
    EXPECT_EQ(gain_of(*policy, 0, 0), 204) << "0.8, rounded inwards";
    EXPECT_EQ(gain_of(*policy, 255, 0), 26) << "0.1, rounded inwards";
    EXPECT_EQ(gain_of(*policy, 255, 1), 64);
    EXPECT_EQ(gain_of(*policy, 0, 1), 204) << "what a class does not state is the task's";
    EXPECT_EQ(gain_of(*policy, 0, 2), 128);
    EXPECT_EQ(gain_of(*policy, 255, 2), 26);
    EXPECT_EQ(gain_of(*policy, 0, 9), 204) << "a class that the file does not know";
    const auto terms = read_learn_terms(text, "leaf.toml", target());
    ASSERT_TRUE(terms) << terms.error().describe();
    EXPECT_EQ((*terms->gain)[0], 255) << "measured, not bound";
    EXPECT_EQ(terms->bounds[0], (GainBounds{26, 204}));
}

TEST(PolicyFile, ClassesWithTheSameBoundsShareATable) {
    const auto bytes_with = [](const std::string& classes) {
        const auto policy = compile_policy(with_classes(classes), "leaf.toml", target());
        EXPECT_TRUE(policy) << policy.error().describe();
        return policy ? policy->size() : 0;
    };
    const auto plain = bytes_with("classes = { healthy = \"always-edge\" }");
    EXPECT_EQ(bytes_with("classes = { soil = { floor = 0.25 } }"), plain + FR_POLICY_TABLE_BYTES);
    EXPECT_EQ(bytes_with("classes = { soil = { floor = 0.25 }, blight = { floor = 0.25 } }"),
              plain + FR_POLICY_TABLE_BYTES);
    EXPECT_EQ(bytes_with("classes = { soil = { floor = 0 } }"), plain - 1) << "nothing new";
}

TEST(PolicyFile, BoundsThatCannotBeAreRefusedWithTheirPlace) {
    struct Case {
        std::string classes;
        std::string expected;
    };
    for (const auto& [classes, expected] :
         {Case{"bounds = { floor = 0.5, ceiling = 0.2 }", "leaf.toml:7:10: the floor"},
          Case{"bounds = { ceiling = 1.5 }", "leaf.toml:7:22: ceiling is not a gain of 0 to 1"},
          Case{"bounds = { floor = nan }", "floor is not a gain"},
          Case{"bounds = { roof = 1 }", "leaf.toml:7:12: there is no key \"roof\""},
          Case{"bounds = { floor = 0.5 }\nclasses = { soil = { ceiling = 0.2 } }",
               "leaf.toml:8:20: the floor 0.5000 is above the ceiling 0.1992"},
          Case{"classes = { soil = { flor = 0.2 } }", "leaf.toml:7:22: there is no key"},
          Case{"classes = { soil = 0.2 }", "class \"soil\" has 0.2, but a class rule is"},
          Case{"classes = { healthy = \"always-edge\", blight = { floor = 0.1 }, "
               "soil = { floor = 0.2 } }",
               "differ in more than 2 ways"}}) {
        const auto refused = compile_policy(with_classes(classes), "leaf.toml", target());
        ASSERT_FALSE(refused) << classes;
        EXPECT_NE(refused.error().describe().find(expected), std::string::npos)
            << refused.error().describe();
        EXPECT_FALSE(refused.error().remedy.empty()) << classes;
    }
}

struct BadCase {
    std::string case_name;
    std::string from;
    std::string to;
    std::string expected;
};

class PolicyFileRefuses : public testing::TestWithParam<BadCase> {};

TEST_P(PolicyFileRefuses, WithPlaceAndRemedy) {
    std::string text = policy_text();
    const auto position = text.find(GetParam().from);
    ASSERT_NE(position, std::string::npos);
    text.replace(position, GetParam().from.size(), GetParam().to);
    const auto policy = compile_policy(text, "leaf.toml", target());
    ASSERT_FALSE(policy);
    EXPECT_NE(policy.error().describe().find(GetParam().expected), std::string::npos)
        << policy.error().describe();
}

INSTANTIATE_TEST_SUITE_P(
    Cases, PolicyFileRefuses,
    testing::Values(
        BadCase{"shift_type", "payload = 0", "payload = 256", "a price weight is not in 0..255"},
        BadCase{"cap", "classes =", "caps = { node_per_hour = 3600 }\nclasses =", "Write 2040."},
        BadCase{"other_model", kModel, std::string(64, 'b'), "no gain table"},
        BadCase{"short_table", "255, 247,", "", "gain must have 32 numbers"},
        BadCase{"gain_range", "255, 247", "256, 247", "not a whole number in 0..255"},
        BadCase{"unknown_field", "battery < 20%", "batery < 20%",
                "leaf.toml:16:9: there is no field"},
        BadCase{"and_is_not_built_in", "or rtt", "and rtt", "joined by `or`"},
        BadCase{"guard_to_edge", "then = \"local\"", "then = \"edge\"", "only keep a task"},
        BadCase{"privacy", "edge-only", "secret", "public, edge-only or never"},
        BadCase{"cloud_of_a_private_task",
                "deadline =", "tier = \"cloud\"\ndeadline =", "privacy = \"public\""},
        BadCase{"tier", "deadline =", "tier = \"moon\"\ndeadline =", "tier \"moon\""},
        BadCase{"learn", "deadline =", "learn = \"magic\"\ndeadline =",
                "leaf.toml:5:9: unknown value for learn: \"magic\""},
        BadCase{"unknown_class", "blight", "rust", "no class \"rust\""},
        BadCase{"expiry", "72h", "soon", "Write \"72h\""},
        BadCase{"shift", "shift = 4", "shift = 40", "shift is not in 0..31"},
        BadCase{"not_toml", "[policy]", "[policy", "not valid TOML"}),
    [](const auto& test) { return test.param.case_name; });

TEST(PolicyFile, APublicTaskMayGoBeyondTheSite) {
    std::string text = policy_text();
    const std::string privacy = "privacy = \"edge-only\"";
    text.replace(text.find(privacy), privacy.size(), "privacy = \"public\"\ntier = \"cloud\"");
    const auto policy = compile_policy(text, "leaf.toml", target());
    ASSERT_TRUE(policy) << policy.error().describe();
    EXPECT_EQ(answer_for(*policy, 0, 200, 20, 0).tier, FR_TIER_CLOUD);
}

TEST(PolicyFile, NothingIsLearnedOfATaskThatNothingLeaves) {
    const std::string text = policy_text();
    const std::string privacy = "privacy = \"edge-only\"";
    const auto mode_with = [&](const std::string& other) {
        std::string changed = text;
        changed.replace(changed.find(privacy), privacy.size(), "learn = \"isogain\"\n" + other);
        const auto terms = read_learn_terms(changed, "leaf.toml", target());
        EXPECT_TRUE(terms) << terms.error().describe();
        return terms ? terms->mode : LearnMode::kHedge;
    };
    EXPECT_EQ(mode_with(privacy), LearnMode::kIsoGain);
    EXPECT_EQ(mode_with("privacy = \"never\""), LearnMode::kOff);
    EXPECT_EQ(mode_with(""), LearnMode::kOff) << "never is what a file means that says nothing";
}

TEST(PolicyFile, RefusesATaskItDoesNotHave) {
    PolicyTarget other = target();
    other.task_name = "root";
    const auto policy = compile_policy(policy_text(), "leaf.toml", other);
    ASSERT_FALSE(policy);
    EXPECT_NE(policy.error().describe().find("no [task.root]"), std::string::npos);
}

TEST(PolicyFile, ShippedPolicyCompilesForEveryModelItNames) {
    std::ifstream file(FRUGAL_SOURCE_DIR "/config/policies/fashion.toml");
    std::stringstream text;
    text << file.rdbuf();
    int models = 0;
    const std::string content = text.str();
    static const std::string kKey = "\nsha256 = \"";
    for (auto at = content.find(kKey); at != std::string::npos; at = content.find(kKey, at + 1)) {
        PolicyTarget fashion = target();
        fashion.task_name = "fashion";
        fashion.model_digest = *base::digest_from_hex(content.substr(at + kKey.size(), 64));
        const auto policy = compile_policy(content, "fashion.toml", fashion);
        ASSERT_TRUE(policy) << policy.error().describe();
        EXPECT_LE(policy->size(), 64u);
        ++models;
    }
    EXPECT_EQ(models, 5);
}

}  // namespace
}  // namespace frugal::policy
