// SPDX-License-Identifier: Apache-2.0
#include "policy/author/earlier_form.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "policy/author/compiled_policy.hpp"
#include "support/earlier_policy.hpp"

namespace frugal::policy {
namespace {

/// Of tasks with maps, pins and several tables, behind guards.
base::Bytes form(std::uint32_t tasks, std::uint32_t guards) {
    const std::vector<fr_guard_spec_t> guard(guards, {FR_FIELD_BATTERY, FR_GUARD_LESS, 40});
    static constexpr std::array<std::uint8_t, 6> kClasses = {0, 1, 0, 3, 2, 1};
    std::vector<fr_policy_task_spec_t> all(tasks);
    for (std::uint32_t i = 0; i < tasks; ++i) {
        all[i].task = static_cast<std::uint8_t>(3 + i);
        all[i].tier = FR_TIER_EDGE;
        all[i].deadline_ms = 800;
        all[i].audit = 7;
        all[i].has_pins = i == 0;
        all[i].group_count = static_cast<std::uint8_t>(i == 0 ? 2 : 1);
        all[i].classes = i == 0 ? kClasses.data() : nullptr;
        all[i].class_count = i == 0 ? kClasses.size() : 0;
        for (auto& gain : all[i].gains[0]) {
            gain = static_cast<std::uint8_t>(9 * i + 50);
        }
    }
    const fr_policy_spec_t spec{42, 72, guard.data(), guards, all.data(), tasks};
    base::Bytes bytes(FR_POLICY_SIZE_MAX);
    std::size_t size = 0;
    EXPECT_EQ(fr_policy_build(&spec, bytes.data(), bytes.size(), &size), FR_OK);
    bytes.resize(size);
    return bytes;
}

TEST(EarlierForm, KeepsEveryRule) {
    for (const auto& [tasks, guards] : {std::pair(1U, 0U), {1U, 6U}, {3U, 2U}}) {
        const auto today = form(tasks, guards);
        const auto before = test::earlier(today);
        EXPECT_EQ(before.size() + 2 * tasks, today.size());
        EXPECT_EQ(widened(before), today);
        EXPECT_EQ(read_compiled(before).value().tasks.size(), tasks);
    }
}

TEST(EarlierForm, WhatIsOfTodayOrNoPolicyIsLeftAlone) {
    const auto today = form(2, 3);
    EXPECT_FALSE(widened(today));
    EXPECT_FALSE(widened({}));
    const auto before = test::earlier(today);
    for (std::size_t size = 0; size < before.size(); ++size) {
        EXPECT_FALSE(widened(base::ByteView(before).first(size))) << size;
    }
    auto longer = before;
    longer.push_back(0);
    EXPECT_FALSE(widened(longer));
    for (std::size_t at = 0; at < 30; ++at) {
        auto changed = before;
        changed[at] = 0xFF;
        if (const auto wide = widened(changed)) {
            EXPECT_EQ(fr_policy_check(wide->data(), wide->size()), FR_OK);
        }
    }
}

}  // namespace
}  // namespace frugal::policy
