// SPDX-License-Identifier: Apache-2.0
#include "core/offload/policy_rules.hpp"

#include <algorithm>

#include "frugal/policy.h"

namespace frugal::core {

std::array<base::ByteView, 2> rules_of(base::ByteView content) {
    constexpr std::size_t kFrom = FR_POLICY_ID_OFFSET;
    constexpr std::size_t kUntil = kFrom + FR_POLICY_ID_BYTES;
    return {content.first(std::min(kFrom, content.size())),
            content.subspan(std::min(kUntil, content.size()))};
}

}  // namespace frugal::core
