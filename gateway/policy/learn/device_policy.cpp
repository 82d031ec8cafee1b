// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/device_policy.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace frugal::policy {

DevicePolicy::DevicePolicy(std::uint8_t task) {
    context_.fields[FR_FIELD_TASK] = task;
    context_.fields[FR_FIELD_BATTERY] = 200;
    context_.fields[FR_FIELD_LINK] = 1;
    context_.fields[FR_FIELD_TOKENS] = 1;
    context_.fields[FR_FIELD_SLACK] = INT16_MAX;
}

void DevicePolicy::push(const LearnablePart& part) {
    fr_policy_task_spec_t task{};
    task.task = static_cast<std::uint8_t>(context_.fields[FR_FIELD_TASK]);
    task.tier = FR_TIER_EDGE;
    task.weights[2] = 1;  // price = what the gateway asks
    task.audit = part.audit_q8;
    task.group_count = part.groups;
    task.has_pins = part.has_pins;
    task.classes = part.map_bytes != 0 ? part.classes.data() : nullptr;
    task.class_count = 4 * std::uint32_t{part.map_bytes};
    for (std::size_t group = 0; group < part.groups; ++group) {
        std::ranges::copy(part.tables[group], task.gains[group]);
    }
    fr_policy_spec_t spec{};
    spec.id = ++id_;
    spec.tasks = &task;
    spec.task_count = 1;
    const fr_status_t built = fr_policy_build(&spec, bytes_.data(), bytes_.size(), &size_);
    FRUGAL_ASSERT(built == FR_OK);
}

fr_policy_answer_t DevicePolicy::decide(std::uint8_t confidence_q8, std::uint32_t local_class,
                                        int price_q8, std::uint32_t random) {
    context_.fields[FR_FIELD_CONFIDENCE] = confidence_q8;
    context_.fields[FR_FIELD_CLASS] = static_cast<std::int16_t>(local_class);
    context_.fields[FR_FIELD_PRICE] = static_cast<std::int16_t>(std::clamp(price_q8, 0, INT16_MAX));
    context_.random = random;
    fr_policy_answer_t answer{};
    fr_policy_evaluate(bytes_.data(), size_, &context_, &answer);
    return answer;
}

}  // namespace frugal::policy
