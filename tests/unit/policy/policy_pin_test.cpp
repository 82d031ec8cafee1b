// SPDX-License-Identifier: Apache-2.0
// A task pinned as a whole: what devices then answer, and how a pin gets into a text.
#include "policy/author/policy_pin.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"
#include "frugal/policy.h"
#include "policy/author/policy_check.hpp"
#include "policy/author/policy_file.hpp"

namespace frugal::policy {
namespace {

const std::string kModel(64, 'a');

std::string policy_text(const std::string& more = "") {
    std::string gains = "128";
    for (int i = 1; i < 32; ++i) {
        gains += ", 128";
    }
    return "[policy]\nfail_safe = \"local\"\n[task.leaf]  # of the greenhouse\n"
           "privacy = \"edge-only\"\naudit = \"64/256\"\nlearn = \"isogain\"\n"
           "caps = { node_per_hour = 64 }\nclasses = { soil = \"always-local\" }\n"
           "bounds = { floor = 0.1 }\n" +
           more + "[task.leaf.price]\npayload = 1\n[[task.leaf.model]]\nsha256 = \"" + kModel +
           "\"\nrho = 0.4\ngain = [" + gains +
           "]\n[[guard]]\nwhen = \"battery < 20%\"\nthen = \"local\"\n";
}

PolicyTarget target(std::vector<std::string> labels = {"healthy", "soil"}) {
    return {"leaf", 3, *base::digest_from_hex(kModel), std::move(labels), 9};
}

fr_policy_answer_t answer_for(const base::Bytes& policy, int local_class, int battery,
                              std::uint32_t random) {
    fr_policy_context_t context{};
    context.fields[FR_FIELD_TASK] = 3;
    context.fields[FR_FIELD_CONFIDENCE] = 250;
    context.fields[FR_FIELD_BATTERY] = static_cast<std::int16_t>(battery);
    context.fields[FR_FIELD_CLASS] = static_cast<std::int16_t>(local_class);
    context.fields[FR_FIELD_PAYLOAD] = 400;
    context.fields[FR_FIELD_SLACK] = 1000;
    context.fields[FR_FIELD_TOKENS] = 10;
    context.fields[FR_FIELD_LINK] = 1;
    context.random = random;
    fr_policy_answer_t answer{};
    fr_policy_evaluate(policy.data(), policy.size(), &context, &answer);
    return answer;
}

TEST(PolicyPin, EveryClassIsAskedForOrNone) {
    for (const auto& [pin, tier] :
         {std::pair(kAlwaysEdge, FR_TIER_EDGE), std::pair(kAlwaysLocal, FR_TIER_LOCAL)}) {
        const auto text = with_pin(policy_text(), "leaf", pin);
        ASSERT_TRUE(text) << text.error().describe();
        for (const auto& labels : {std::vector<std::string>{"healthy", "soil"}, {}}) {
            const auto policy = compile_policy(*text, "test", target(labels));
            ASSERT_TRUE(policy) << policy.error().describe();
            for (int local_class = 0; local_class < 2; ++local_class) {
                const auto answer = answer_for(*policy, local_class, 200, 0);
                EXPECT_EQ(answer.tier, tier);
                EXPECT_EQ(answer_for(*policy, local_class, 20, 0).tier, FR_TIER_LOCAL)
                    << "guards hold";
            }
        }
        const auto terms = read_learn_terms(*text, "test", target());
        EXPECT_EQ(terms->mode, LearnMode::kOff);
        EXPECT_EQ(terms->rho, 0.4) << "what was measured still judges what asking is worth";
        EXPECT_TRUE(check_policy(*text, "test")) << "and the file is sound";
    }
}

TEST(PolicyPin, ReplacesThePinThereIsAndNothingElse) {
    const auto edge = with_pin(policy_text(), "leaf", kAlwaysEdge);
    ASSERT_TRUE(edge);
    EXPECT_NE(edge->find("[task.leaf]  # of the greenhouse\npin = \"always-edge\"\nprivacy"),
              std::string::npos)
        << *edge;
    const auto local = with_pin(*edge, "leaf", kAlwaysLocal);
    ASSERT_TRUE(local) << local.error().describe();
    EXPECT_EQ(*local, *with_pin(policy_text(), "leaf", kAlwaysLocal));
}

TEST(PolicyPin, WhatItCannotWriteIntoItRefuses) {
    for (const auto& text : {std::string("no policy"), policy_text().replace(0, 8, "[other]\n"),
                             std::string("task = { leaf = { audit = \"1/256\" } }\n")}) {
        const auto pinned =
            with_pin(text, text.starts_with("[other]") ? "root" : "leaf", kAlwaysEdge);
        ASSERT_FALSE(pinned) << *pinned;
        EXPECT_EQ(pinned.error().kind, base::ErrorKind::kInvalidInput);
    }
}

TEST(PolicyPin, AFileWithAnotherWordIsRefusedAtItsPlace) {
    const auto refused = compile_policy(policy_text("pin = \"edge\"\n"), "leaf.toml", target());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              "leaf.toml:10:7: pin is 'edge', but a task is pinned \"always-edge\" or "
              "\"always-local\"");
}

TEST(PolicyPin, APrivateTaskIsNotPinnedToTheEdge) {
    auto text = policy_text("pin = \"always-edge\"\n");
    text.replace(text.find("edge-only"), 9, "never");
    const auto refused = check_policy(text, "leaf.toml");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("a private task is pinned to the edge"),
              std::string::npos);
}

}  // namespace
}  // namespace frugal::policy
