// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/compiled_table.hpp"

#include <gtest/gtest.h>

#include "unit/policy/learner_world.hpp"

namespace frugal::policy {
namespace {

TEST(CompiledTable, WhatIsPutInComesOut) {
    const base::Bytes policy = compiled_policy(9, chow_table(), 3);
    LearnablePart part = *learnable_part(policy, 1);
    EXPECT_EQ(part.tables[0], chow_table());
    EXPECT_EQ(part.audit_q8, 3);
    part.tables[0].fill(77);
    part.audit_q8 = 16;
    const auto changed = with_learned(policy, 1, 0x01020304, part);
    ASSERT_TRUE(changed);
    EXPECT_EQ(fr_policy_id(changed->data(), changed->size()), 0x01020304u);
    EXPECT_EQ(learnable_part(*changed, 1)->tables[0], part.tables[0]);
    EXPECT_EQ(learnable_part(*changed, 1)->audit_q8, 16);
    EXPECT_EQ(changed->size(), policy.size());
}

TEST(CompiledTable, OtherBytesAndOtherTasksHaveNone) {
    const base::Bytes policy = compiled_policy(9, chow_table());
    EXPECT_FALSE(learnable_part(policy, 2));
    EXPECT_FALSE(with_learned(policy, 2, 1, {}));
    for (std::size_t size = 0; size < policy.size(); ++size) {
        EXPECT_FALSE(learnable_part({policy.data(), size}, 1)) << size;
    }
}

TEST(CompiledTable, TheNominalPriceIsTheEvaluators) {
    EXPECT_DOUBLE_EQ(*nominal_price(compiled_policy(9, chow_table()), 1, kPayloadBytes),
                     26.0 / 256);
}

TEST(CompiledTable, EveryClassGroupKeepsItsOwnBounds) {
    fr_policy_task_spec_t task{};
    static constexpr std::array<std::uint8_t, 3> kClasses = {0, 1, 2};
    task.task = 1;
    task.tier = FR_TIER_EDGE;
    task.group_count = 3;
    task.classes = kClasses.data();
    task.class_count = kClasses.size();
    fr_policy_spec_t spec{};
    spec.id = 1;
    spec.tasks = &task;
    spec.task_count = 1;
    base::Bytes bytes(FR_POLICY_SIZE_MAX);
    std::size_t size = 0;
    ASSERT_EQ(fr_policy_build(&spec, bytes.data(), bytes.size(), &size), FR_OK);
    bytes.resize(size);
    const GroupBounds bounds = {{{0, 255}, {100, 255}, {0, 50}}};
    const auto part = part_within(*learnable_part(bytes, 1), chow_table(), bounds, 7);
    const auto learned = with_learned(bytes, 1, 2, part);
    ASSERT_TRUE(learned);
    EXPECT_EQ(*learnable_part(*learned, 1), part);
    EXPECT_EQ(part.tables[0], chow_table());
    EXPECT_EQ(part.tables[1][31], 100);
    EXPECT_EQ(part.tables[1][0], chow_table()[0]);
    EXPECT_EQ(part.tables[2][0], 50);
    EXPECT_EQ(part.tables[2][31], chow_table()[31]);
}

}  // namespace
}  // namespace frugal::policy
