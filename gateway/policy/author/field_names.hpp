// SPDX-License-Identifier: Apache-2.0
// What the fields and operations of a guard, privacy and prices are called in policy files and in
// explanations; what each field is counted in, and which numbers devices put there. Private to this
// folder; constants only.
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "frugal/policy.h"
#include "policy/author/quantity.hpp"

namespace frugal::policy {

struct FieldName {
    std::string_view name;
    fr_policy_field_t field;
    const Measure* measure;
    Range range;  ///< of what devices put there, in what they count
};

// clang-format off
inline constexpr std::array<FieldName, 17> kFields = {{
    {"confidence", FR_FIELD_CONFIDENCE,    &kOf256, {0, 255}},
    {"margin",     FR_FIELD_MARGIN,        &kOf256, {0, 255}},
    {"class",      FR_FIELD_CLASS,         &kWholeNumber, {0, 255}},
    {"battery",    FR_FIELD_BATTERY,       &kHalfPercent, {0, 200}},
    {"budget",     FR_FIELD_ENERGY_BUDGET, &kEnergy, {0, 32767}},
    {"rssi",       FR_FIELD_RSSI,          &kSignal, {-32768, 32767}},
    {"rtt",        FR_FIELD_RTT,           &kMilliseconds, {0, 32767}},
    {"load",       FR_FIELD_LOAD,          &kOf256, {0, 255}},
    {"price",      FR_FIELD_PRICE,         &kOf256, {0, 255}},
    {"payload",    FR_FIELD_PAYLOAD,       &kBytes16, {0, 32767}},
    {"tokens",     FR_FIELD_TOKENS,        &kWholeNumber, {0, 32767}},
    {"slack",      FR_FIELD_SLACK,         &kMilliseconds, {0, 32767}},
    {"uptime",     FR_FIELD_UPTIME,        &kHours, {0, 32767}},
    {"misfires",   FR_FIELD_MISFIRES,      &kWholeNumber, {0, 255}},
    {"free_ram",   FR_FIELD_FREE_RAM,      &kBytes64, {0, 32767}},
    {"busy",       FR_FIELD_BUSY,          &kWholeNumber, {0, 1}},
    {"policy_age", FR_FIELD_POLICY_AGE,    &kHours, {0, 32767}},
}};
inline constexpr std::array<std::pair<std::string_view, fr_guard_operation_t>, 6> kOperations = {{
    {"<",  FR_GUARD_LESS},    {"<=", FR_GUARD_LESS_EQUAL}, {">",  FR_GUARD_GREATER},
    {">=", FR_GUARD_GREATER_EQUAL}, {"==", FR_GUARD_EQUAL}, {"!=", FR_GUARD_NOT_EQUAL},
}};
// clang-format on

/// What `privacy` may be, by its number in the compiled form.
inline constexpr std::array<std::string_view, 3> kPrivacy = {"public", "edge-only", "never"};

/// What a price is weighed of, in the order of the compiled form.
inline constexpr std::array<std::string_view, 4> kPriceWeights = {"payload", "latency", "load",
                                                                  "battery"};

}  // namespace frugal::policy
