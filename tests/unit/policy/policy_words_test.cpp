// SPDX-License-Identifier: Apache-2.0
// A compiled policy in words, the difference of two, and answers explained.
#include <gtest/gtest.h>

#include <algorithm>

#include "policy/author/compiled_policy.hpp"
#include "policy/author/explain.hpp"
#include "policy/author/gain_bounds.hpp"
#include "policy/learn/compiled_table.hpp"
#include "support/policy_bytes.hpp"

namespace frugal::policy {
namespace {

const std::vector<std::string> kLabels = {"healthy", "soil", "blight"};

struct Built {
    fr_policy_task_spec_t task{};
    std::vector<fr_guard_spec_t> guards = {{FR_FIELD_BATTERY, FR_GUARD_LESS, 40}};
    std::vector<std::uint8_t> classes = {0, FR_POLICY_PIN_LOCAL, FR_POLICY_PIN_EDGE};

    Built() {
        task.task = 7;
        task.privacy = 1;
        task.tier = FR_TIER_EDGE;
        task.has_pins = true;
        task.deadline_ms = 800;
        task.weights[0] = 2;
        task.shift = 3;
        task.audit = 1;
        task.cap_per_hour = 64;
        task.group_count = 1;
        for (std::size_t i = 0; i < FR_POLICY_TABLE_BYTES; ++i) {
            task.gains[0][i] = static_cast<std::uint8_t>(200 - 6 * i);
        }
    }
    base::Bytes bytes(std::uint32_t id) {
        task.classes = classes.data();
        task.class_count = static_cast<std::uint32_t>(classes.size());
        const fr_policy_spec_t spec{
            id, 72, guards.data(), static_cast<std::uint32_t>(guards.size()), &task, 1};
        return test::policy_bytes(spec);
    }
    CompiledPolicy compiled(std::uint32_t id = 5) { return *read_compiled(bytes(id)); }
};

bool has(const std::vector<std::string>& lines, const std::string& wanted) {
    return std::ranges::find(lines, wanted) != lines.end();
}

/// Local, because no gain reaches the price.
AnswerFacts confident_answer() {
    return {.task = 7, .reason = FR_POLICY_LOCAL_CONF, .local_class = 0, .local_confidence = 255};
}

TEST(PolicyWords, TellWhatBindsGains) {
    const std::string text =
        "[task.leaf]\nbounds = { ceiling = 0.5 }\nclasses = { soil = { floor = 0.25 } }\n";
    const auto bounds = read_owner_bounds(text, "leaf.toml", "leaf", kLabels);
    ASSERT_TRUE(bounds) << bounds.error().describe();
    EXPECT_EQ(
        describe(*bounds, kLabels),
        (std::vector<std::string>{"gains: 0.000 to 0.500", "gains of class soil: 0.250 to 0.500"}));
    EXPECT_EQ(compare(*bounds, {}, kLabels),
              (std::vector<PolicyDifference>{{"gains", "0.000 to 0.500", "-"},
                                             {"gains of class soil", "0.250 to 0.500", "-"}}));
    EXPECT_TRUE(compare(*bounds, *bounds, kLabels).empty());
    const auto compiled = Built().compiled();
    auto facts = confident_answer();
    facts.bounds = bounds->of(0);
    const auto lines = explain(&compiled, facts, kLabels);
    EXPECT_TRUE(std::ranges::any_of(lines, [](const std::string& line) {
        return line.find("; its owner keeps it within 0.000 to 0.500") != std::string::npos;
    }));
}

TEST(PolicyWords, AnExplanationSaysWhyBoundsAreMissing) {
    const auto compiled = Built().compiled();
    auto facts = confident_answer();
    facts.bounds_error = "no class \"rust\"";
    const auto lines = explain(&compiled, facts, kLabels);
    EXPECT_EQ(std::ranges::count(lines, "bounds of gains cannot be read: no class \"rust\""), 1);
}

TEST(PolicyWords, SayEveryRule) {
    const auto lines = describe(Built().compiled(), 7, kLabels);
    for (const auto* line :
         {"for model: any", "expires: 72 h", "privacy: edge-only", "escalates to: edge",
          "deadline: 800 ms", "cap: 64 escalations an hour", "audit: 1/256", "price of payload: 2",
          "price shift: 3", "class soil: always-local", "class blight: always-edge",
          "guard: battery < 20%: local"}) {
        EXPECT_TRUE(has(lines, line)) << line;
    }
}

TEST(PolicyWords, TheSameRulesUnderAnotherIdDoNotDiffer) {
    Built built;
    const auto before = built.compiled(5);
    const auto again = *read_compiled(with_policy_id(built.bytes(5), 9));
    EXPECT_EQ(again.id, 9U);
    EXPECT_TRUE(compare(before, again, 7, kLabels).empty());
}

TEST(PolicyWords, NameWhatChanged) {
    Built built;
    const auto before = built.compiled();
    built.task.weights[0] = 4;
    built.task.cap_per_hour = 0;
    built.guards = {{FR_FIELD_RTT, FR_GUARD_GREATER | FR_GUARD_FIELD_VALUE, FR_FIELD_SLACK}};
    built.classes[1] = 0;
    built.task.gains[0][8] = 180;
    const auto differences = compare(before, built.compiled(), 7, kLabels);
    const std::vector<PolicyDifference> expected = {
        {"cap", "64 escalations an hour", "none"},
        {"price of payload", "2", "4"},
        {"class soil", "always-local", "-"},
        {"guard", "battery < 20%: local", "-"},
        {"guard", "-", "rtt > slack: local"},
        {"gain table 1", "mean 0.418",
         "mean 0.421; 1 of 32 bins differ, most at confidence 0.25..0.28: 0.59 -> 0.70"}};
    ASSERT_EQ(differences.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(differences[i].what, expected[i].what);
        EXPECT_EQ(differences[i].before, expected[i].before) << expected[i].what;
        EXPECT_EQ(differences[i].after, expected[i].after) << expected[i].what;
    }
}

TEST(PolicyWords, RefuseOtherBytes) {
    EXPECT_FALSE(read_compiled(base::as_bytes("no policy")));
}

TEST(Explain, RecomputesTheGainOfWhatStayedLocal) {
    const auto policy = Built().compiled();
    const auto lines = explain(&policy,
                               {.task = 7,
                                .reason = FR_POLICY_LOCAL_CONF,
                                .tier = FR_TIER_LOCAL,
                                .local_class = 0,
                                .local_confidence = 130},
                               kLabels);
    EXPECT_TRUE(lines[0].starts_with("LOCAL_CONF"));
    EXPECT_TRUE(has(lines, "local answer: class 0 (healthy), confidence 0.510"));
    EXPECT_TRUE(
        has(lines, "gain 104 of 256: bin 16 of table 1 (confidence 0.500 to 0.531), recomputed"));
    EXPECT_TRUE(std::ranges::any_of(lines, [](const std::string& line) {
        return line.starts_with("price: the device no longer reports it = (2 x payload/16");
    }));
}

TEST(Explain, ShowsWhatTheDeviceTold) {
    const auto policy = Built().compiled();
    const auto lines = explain(&policy,
                               {.task = 7,
                                .reason = FR_POLICY_ESC_GAIN,
                                .tier = FR_TIER_EDGE,
                                .local_class = 0,
                                .local_confidence = 130,
                                .told_gain = 104,
                                .told_price = 90},
                               kLabels);
    EXPECT_TRUE(has(lines, "gain 104 of 256: bin 16 of table 1 (confidence 0.500 to 0.531)"));
    EXPECT_TRUE(std::ranges::any_of(lines, [](const std::string& line) {
        return line.starts_with("price 90 of 256, as the device told");
    }));
    EXPECT_TRUE(has(lines, "bounds: 64 escalations an hour, deadline 800 ms, audit 1/256"));
}

TEST(Explain, NamesTheGuardThatSpoke) {
    const auto policy = Built().compiled();
    const auto lines = explain(
        &policy, {.task = 7, .reason = FR_POLICY_GUARD, .tier = FR_TIER_LOCAL, .told_guard = 0},
        kLabels);
    EXPECT_TRUE(has(lines, "guard 1: battery < 20%"));
}

TEST(Explain, APinIsNotARuleOfAClass) {
    for (const auto pin : {FR_POLICY_PIN_EDGE, FR_POLICY_PIN_LOCAL}) {
        const bool is_edge = pin == FR_POLICY_PIN_EDGE;
        AnswerFacts facts{.task = 7};
        facts.reason = is_edge ? FR_POLICY_ESC_RULE : FR_POLICY_CLASS_RULE;
        const auto first = [&facts](Built& built) {
            const auto policy = built.compiled();
            return explain(&policy, facts, kLabels)[0];
        };
        Built built;
        const auto pinned = is_edge ? "pins this task always-edge" : "pins this task always-local";
        EXPECT_EQ(first(built).find("pins this task"), std::string::npos) << "a class has the rule";
        built.classes.assign(3, static_cast<std::uint8_t>(pin));
        EXPECT_NE(first(built).find(pinned), std::string::npos) << first(built);
        built.task.model = 77;
        EXPECT_EQ(first(built).find("pins this task"), std::string::npos)
            << "every class has the rule, and others a table of this model";
    }
}

TEST(Explain, SaysWhenNoPolicyIsKnown) {
    AnswerFacts facts{.task = 7, .reason = FR_POLICY_LOCAL_CONF, .tier = FR_TIER_LOCAL};
    EXPECT_TRUE(has(explain(nullptr, facts, kLabels), "the rules it went by are not known"));
    facts.reason = FR_POLICY_BADPOLICY;
    EXPECT_EQ(explain(nullptr, facts, kLabels).size(), 1U) << "it went by none";
}

TEST(Explain, EveryReasonHasItsWords) {
    for (std::uint32_t reason = FR_POLICY_LOCAL_CONF; reason <= FR_POLICY_LATE; ++reason) {
        const auto lines = explain(nullptr, {.task = 7, .reason = reason}, kLabels);
        EXPECT_NE(lines[0], "the device gave no reason") << reason;
    }
}

}  // namespace
}  // namespace frugal::policy
