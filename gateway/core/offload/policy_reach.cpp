// SPDX-License-Identifier: Apache-2.0
#include "core/offload/policy_reach.hpp"

#include <algorithm>

namespace frugal::core {

bool PolicyReach::is_released(std::uint32_t task, const base::Digest& model) const {
    return std::ranges::any_of(catalogue_.releases(), [&](const auto& release) {
        return release->task == task &&
               std::ranges::any_of(release->variants, [&](const auto& variant) {
                   return variant.manifest->content().model_digest == model;
               });
    });
}

bool PolicyReach::is_out_of_reach(const PolicyBindings::Pair& pair, std::uint32_t task) const {
    return bindings_.is_out_of_reach(pair) ||
           (bindings_.find(pair, task) == nullptr && !is_released(task, pair.second));
}

bool PolicyReach::can_obey(const DeviceRecord& device, std::uint32_t task,
                           const SignedPointer& form) const {
    const auto state = std::ranges::find(device.reported, task, &TaskState::task);
    if (state == device.reported.end()) {
        return false;
    }
    if (!state->model_digest) {
        return state->release != 0;
    }
    const PolicyBindings::Pair pair{form, *state->model_digest};
    return bindings_.is_awaited(pair) || !is_out_of_reach(pair, task);
}

}  // namespace frugal::core
