// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/compiled_table.hpp"

#include <gtest/gtest.h>

#include "unit/policy/learner_world.hpp"

namespace frugal::policy {
namespace {

TEST(CompiledTable, WhatIsPutInComesOut) {
    const base::Bytes policy = compiled_policy(9, chow_table(), 3);
    LearnablePart part = *learnable_part(policy, 1);
    EXPECT_EQ(part.table, chow_table());
    EXPECT_EQ(part.audit_q8, 3);
    part.table.fill(77);
    part.audit_q8 = 16;
    const auto changed = with_learned(policy, 1, 0x01020304, part);
    ASSERT_TRUE(changed);
    EXPECT_EQ(fr_policy_id(changed->data(), changed->size()), 0x01020304u);
    EXPECT_EQ(learnable_part(*changed, 1)->table, part.table);
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

}  // namespace
}  // namespace frugal::policy
