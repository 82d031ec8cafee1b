// SPDX-License-Identifier: Apache-2.0
// Compiled policies as gateways made them before a task named its device model: 14 bytes a task.
#pragma once

#include "base/bytes.hpp"
#include "frugal/policy.h"

namespace frugal::test {

/// The rules of a sound compiled policy in the form of before.
inline base::Bytes earlier(const base::Bytes& compiled) {
    constexpr std::size_t kTaskBytes = 14;
    std::size_t at = FR_POLICY_HEADER_BYTES + FR_POLICY_GUARD_BYTES * compiled[4];
    const auto place = [&](std::size_t offset) {
        return compiled.begin() + static_cast<std::ptrdiff_t>(offset);
    };
    base::Bytes bytes(compiled.begin(), place(at));
    bytes[2] = 1;
    for (int i = 0; i < compiled[3]; ++i) {
        const auto body = at + FR_POLICY_TASK_BYTES;
        const auto end = body + compiled[at + 13] + FR_POLICY_TABLE_BYTES * (compiled[at + 1] & 7u);
        bytes.insert(bytes.end(), place(at), place(at + kTaskBytes));
        bytes.insert(bytes.end(), place(body), place(end));
        at = end;
    }
    return bytes;
}

}  // namespace frugal::test
