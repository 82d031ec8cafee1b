// SPDX-License-Identifier: Apache-2.0
// The compiled form of a policy (frugal/policy.h) taken apart, for people: what it says in words,
// how two differ, and why it answered as it did. Pure functions, any thread. Devices never see
// this; they evaluate the bytes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "frugal/policy.h"

namespace frugal::policy {

using GainTable = std::array<std::uint8_t, FR_POLICY_TABLE_BYTES>;

struct CompiledGuard {
    std::uint8_t field = 0;
    std::uint8_t operation = 0;
    std::int16_t value = 0;
    bool operator==(const CompiledGuard&) const = default;
};

struct CompiledTask {
    std::uint32_t task = 0;
    std::uint32_t privacy = 0;
    std::uint32_t tier = 0;
    std::uint32_t deadline_ms = 0;  ///< 0: none
    std::array<std::uint8_t, 4> weights{};
    std::uint32_t shift = 0;
    std::uint32_t audit = 0;         ///< in 1/256
    std::uint32_t cap_per_hour = 0;  ///< 0: none
    bool has_pins = false;
    std::uint32_t model = 0;  ///< fr_policy_model_tag() of what the tables are for; 0: any
    std::vector<std::uint8_t> groups{};  ///< by class; empty: all 0
    std::vector<GainTable> tables{};     ///< by group
};

struct CompiledPolicy {
    std::uint32_t id = 0;
    std::uint32_t expiry_hours = 0;  ///< 0: never
    std::vector<CompiledGuard> guards{};
    std::vector<CompiledTask> tasks{};

    const CompiledTask* task(std::uint32_t number) const;
};

/// Also of a form of version 1, as for any model. kInvalidInput for bytes that fr_policy_check()
/// refuses.
base::Result<CompiledPolicy> read_compiled(base::ByteView bytes);

std::string words_of(const CompiledGuard& guard);  ///< "battery < 20%"

/// "1a2b...": the digits that the model's SHA-256 begins with; "any" for 0.
std::string words_of_model(std::uint32_t tag);

/// "learned table 1", "always-edge" or "always-local".
std::string rule_of_class(const CompiledTask& task, std::uint32_t class_id);

/// One thing two policies say differently; "-" where one says nothing.
struct PolicyDifference {
    std::string what;
    std::string before;
    std::string after;
    bool operator==(const PolicyDifference&) const = default;
};

/// Everything `after` says otherwise about one task; empty for the same rules. `labels` name the
/// task's classes.
std::vector<PolicyDifference> compare(const CompiledPolicy& before, const CompiledPolicy& after,
                                      std::uint32_t task, const std::vector<std::string>& labels);

/// What a compiled policy says of one task, one line each.
std::vector<std::string> describe(const CompiledPolicy& policy, std::uint32_t task,
                                  const std::vector<std::string>& labels);

}  // namespace frugal::policy
