// SPDX-License-Identifier: Apache-2.0
// The keys that a policy file may have, for its reader and for the test that each stands in
// docs/reference/policy-file.md. Constants only, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace frugal::policy {

enum class KeyType : std::uint8_t { kText, kWhole, kReal, kList, kTable };

struct PolicyKey {
    std::string_view name;
    KeyType type;
    std::string_view example;
};

struct KeyTable {
    std::string_view where;  ///< "[policy]"
    std::span<const PolicyKey> keys;
};

std::span<const KeyTable> policy_keys();

}  // namespace frugal::policy
