// SPDX-License-Identifier: Apache-2.0
#include "app/energy_budgets.hpp"

#include <gtest/gtest.h>

namespace frugal::app {
namespace {

TEST(EnergyBudgets, ReadsEveryForm) {
    const auto budgets = parse_energy_budgets(" 1:m4=2000, any=5000@700 ");
    ASSERT_TRUE(budgets);
    ASSERT_EQ(budgets->size(), 2U);
    EXPECT_EQ((*budgets)[0].task, 1U);
    EXPECT_EQ((*budgets)[0].device_class.text(), "m4");
    EXPECT_EQ((*budgets)[0].budget_uj, 2000U);
    EXPECT_EQ((*budgets)[0].picojoules_per_operation, 0U);
    EXPECT_FALSE((*budgets)[1].task);
    EXPECT_EQ((*budgets)[1].picojoules_per_operation, 700U);
    EXPECT_TRUE(parse_energy_budgets("")->empty());
}

TEST(EnergyBudgets, RefusesWhatItCannotMean) {
    for (const auto* text : {"m4", "m4=", "=5", "M4=5", "0:m4=5", "256:m4=5", "m4=0", "m4=5@",
                             "m4=5@x", "m4=5,,m4=6", "x:m4=5", "m4=99999999999"}) {
        const auto budgets = parse_energy_budgets(text);
        ASSERT_FALSE(budgets) << text;
        EXPECT_NE(budgets.error().message.find("rollout.energy_budgets"), std::string::npos);
    }
}

}  // namespace
}  // namespace frugal::app
