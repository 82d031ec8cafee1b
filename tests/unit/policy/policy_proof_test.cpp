// SPDX-License-Identifier: Apache-2.0
// What `policy check` proves of gain bounds, on the bytes of a learner that was really driven to
// both extremes.
#include "policy/author/policy_proof.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"
#include "policy/author/policy_parts.hpp"
#include "policy/author/policy_table.hpp"
#include "policy/learn/learn_cell.hpp"

namespace frugal::policy {
namespace {

const std::string kModel(64, 'a');

std::string policy_text(const std::string& ceiling) {
    std::string gains = "128";
    for (int i = 1; i < 32; ++i) {
        gains += ", 128";
    }
    return "[task.leaf]\nprivacy = \"edge-only\"\naudit = \"4/256\"\nlearn = \"isogain\"\n"
           "bounds = { floor = 0.1, ceiling = " +
           ceiling +
           " }\n"
           "classes = { rust = { floor = 0.4, ceiling = 0.8 }, soil = { floor = 0, ceiling = 0.2 } "
           "}\n[task.leaf.price]\npayload = 1\n[[task.leaf.model]]\nsha256 = \"" +
           kModel + "\"\ngain = [" + gains + "]\n";
}

class PolicyProofTest : public ::testing::Test {
protected:
    PolicyProofTest() {
        compiled = *compile_table(file, "test", target);
        terms.mode = LearnMode::kIsoGain;
        terms.held = *learnable_part(compiled, kProvedTask);
        terms.authored = terms.held;
        terms.bounds = rules.bounds;
        terms.classes = 3;
        terms.policy_id = 1;
    }
    /// Tasks that all went to the edge, where it is right or wrong against the device.
    base::Bytes driven(bool is_edge_right) {
        LearnCell cell(terms, 5);
        base::Bytes bytes = compiled;
        base::Instant now{};
        for (std::uint32_t task = 0; task < 6400; ++task) {
            AnsweredTask answered;
            answered.answers.local_class = task % 3;
            answered.answers.edge_class = (task + 1) % 3;
            answered.answers.confidence_q8 = static_cast<std::uint8_t>(task * 7 % 256);
            answered.answers.opinion =
                is_edge_right ? EdgeOpinion{0.99, 0.005} : EdgeOpinion{0.005, 0.99};
            answered.device = 1 + task % 20;
            cell.on_answer(answered);
            now = now + std::chrono::seconds(20);
            if (cell.end_window()) {
                if (const auto part = cell.next_push(now)) {
                    bytes = *with_learned(bytes, kProvedTask, ++pushes + 1, *part);
                    cell.on_pushed(*part, pushes + 1, now);
                }
            }
        }
        return bytes;
    }

    const PolicyTarget target{
        "leaf", kProvedTask, *base::digest_from_hex(kModel), {"healthy", "rust", "soil"}, 1};
    const toml::table file = *parse_policy(policy_text("0.6"), "test");
    const ClassRules rules =
        *read_classes(*file["task"]["leaf"].as_table(), "test", target.class_labels);
    base::Bytes compiled;
    CellTerms terms;
    std::uint32_t pushes = 0;
};

TEST_F(PolicyProofTest, HoldsOfWhatWasReallyLearned) {
    ASSERT_EQ(rules.group_count, 3);
    for (const bool is_edge_right : {true, false}) {
        const auto learned = driven(is_edge_right);
        EXPECT_GT(pushes, 2U);
        EXPECT_NE(learned, compiled);
        EXPECT_TRUE(keeps_bounds(learned, rules));
        const auto part = *learnable_part(learned, kProvedTask);
        for (std::size_t group = 0; group < rules.group_count; ++group) {
            const auto& bounds = rules.bounds[group];
            EXPECT_EQ(part.tables[group][16], is_edge_right ? bounds.ceiling : bounds.floor)
                << "driven to the end of group " << group;
        }
    }
}

TEST_F(PolicyProofTest, DoesNotHoldOfALearnerThatForgotThem) {
    terms.bounds = {};
    EXPECT_FALSE(keeps_bounds(driven(true), rules));
    EXPECT_FALSE(keeps_bounds(driven(false), rules));
}

}  // namespace
}  // namespace frugal::policy
