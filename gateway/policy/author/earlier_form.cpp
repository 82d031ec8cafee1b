// SPDX-License-Identifier: Apache-2.0
#include "policy/author/earlier_form.hpp"

#include "frugal/limits.h"
#include "frugal/policy.h"

namespace frugal::policy {

namespace {

constexpr std::uint8_t kEarlierVersion = 1;
constexpr std::size_t kVersionAt = 2;
constexpr std::size_t kTasksAt = 3;
constexpr std::size_t kGuardsAt = 4;
constexpr std::size_t kEarlierTaskBytes = 14;
constexpr std::size_t kTaskGroups = 1;
constexpr std::size_t kTaskMap = 13;

bool is_earlier_form(base::ByteView bytes) {
    return bytes.size() >= FR_POLICY_HEADER_BYTES && bytes[0] == 'F' && bytes[1] == 'P' &&
           bytes[kVersionAt] == kEarlierVersion;
}

}  // namespace

std::optional<base::Bytes> widened(base::ByteView bytes) {
    if (!is_earlier_form(bytes)) {
        return std::nullopt;
    }
    base::Bytes wide;
    std::size_t from = 0;
    const auto take = [&](std::size_t count) {
        if (count > bytes.size() - from) {
            return false;
        }
        const auto part = bytes.subspan(from, count);
        wide.insert(wide.end(), part.begin(), part.end());
        from += count;
        return true;
    };
    bool is_sound = take(FR_POLICY_HEADER_BYTES + FR_POLICY_GUARD_BYTES * bytes[kGuardsAt]);
    for (int i = 0; is_sound && i < bytes[kTasksAt]; ++i) {
        const auto task = from;
        is_sound = take(kEarlierTaskBytes);
        wide.resize(wide.size() + FR_POLICY_TASK_BYTES - kEarlierTaskBytes);  // no model: any
        is_sound = is_sound && take(bytes[task + kTaskMap] +
                                    FR_POLICY_TABLE_BYTES * (bytes[task + kTaskGroups] & 7u));
    }
    if (!is_sound || from != bytes.size() || wide.size() > FR_POLICY_SIZE_MAX) {
        return std::nullopt;
    }
    wide[kVersionAt] = FR_POLICY_VERSION;
    return fr_policy_check(wide.data(), wide.size()) == FR_OK ? std::optional(std::move(wide))
                                                              : std::nullopt;
}

}  // namespace frugal::policy
