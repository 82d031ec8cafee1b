// SPDX-License-Identifier: Apache-2.0
// What the fields and operations of a guard are called in policy files and in explanations. Private
// to this folder; constants only.
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "frugal/policy.h"

namespace frugal::policy {

struct FieldName {
    std::string_view name;
    fr_policy_field_t field;
    int percent_factor;  ///< what 1 % is in the field's unit; 0: no percentages
};

// clang-format off
inline constexpr std::array<FieldName, 17> kFields = {{
    {"confidence", FR_FIELD_CONFIDENCE, 0}, {"margin",     FR_FIELD_MARGIN,  0},
    {"class",      FR_FIELD_CLASS,      0}, {"battery",    FR_FIELD_BATTERY, 2},
    {"budget",     FR_FIELD_ENERGY_BUDGET, 0}, {"rssi",    FR_FIELD_RSSI,    0},
    {"rtt",        FR_FIELD_RTT,        0}, {"load",       FR_FIELD_LOAD,    0},
    {"price",      FR_FIELD_PRICE,      0}, {"payload",    FR_FIELD_PAYLOAD, 0},
    {"tokens",     FR_FIELD_TOKENS,     0}, {"slack",      FR_FIELD_SLACK,   0},
    {"uptime",     FR_FIELD_UPTIME,     0}, {"misfires",   FR_FIELD_MISFIRES, 0},
    {"free_ram",   FR_FIELD_FREE_RAM,   0}, {"busy",       FR_FIELD_BUSY,    0},
    {"policy_age", FR_FIELD_POLICY_AGE, 0},
}};
inline constexpr std::array<std::pair<std::string_view, fr_guard_operation_t>, 6> kOperations = {{
    {"<",  FR_GUARD_LESS},    {"<=", FR_GUARD_LESS_EQUAL}, {">",  FR_GUARD_GREATER},
    {">=", FR_GUARD_GREATER_EQUAL}, {"==", FR_GUARD_EQUAL}, {"!=", FR_GUARD_NOT_EQUAL},
}};
// clang-format on

}  // namespace frugal::policy
