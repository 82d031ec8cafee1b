// SPDX-License-Identifier: Apache-2.0
// The compiled form of a policy a test describes. Empty, and a failed test, if it cannot be built.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "frugal/policy.h"

namespace frugal::test {

inline std::vector<std::uint8_t> policy_bytes(const fr_policy_spec_t& spec) {
    std::vector<std::uint8_t> bytes(FR_POLICY_SIZE_MAX);
    std::size_t size = 0;
    EXPECT_EQ(fr_policy_build(&spec, bytes.data(), bytes.size(), &size), FR_OK);
    bytes.resize(size);
    return bytes;
}

/// A task that asks the edge whatever it sees, as far as its cap lets it.
inline fr_policy_task_spec_t task_that_asks(std::uint32_t cap_per_hour = 0) {
    fr_policy_task_spec_t task{};
    task.task = 1;
    task.tier = FR_TIER_EDGE;
    task.group_count = 1;
    task.cap_per_hour = cap_per_hour;
    std::memset(task.gains[0], 255, FR_POLICY_TABLE_BYTES);
    return task;
}

inline std::vector<std::uint8_t> policy_bytes(std::uint32_t id, const fr_policy_task_spec_t& task) {
    return policy_bytes(fr_policy_spec_t{id, 0, nullptr, 0, &task, 1});
}

}  // namespace frugal::test
