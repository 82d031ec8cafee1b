// SPDX-License-Identifier: Apache-2.0
// The form of a version for each model of its classes: asked for when a device needs it.
#include <algorithm>

#include "core/offload/policy_desk.hpp"

namespace frugal::core {

SignedPointer PolicyDesk::form_for(const Choice& choice, std::uint32_t task,
                                   const base::Digest& model) const {
    return bindings_.find({choice.blob, model}, task);
}

bool PolicyDesk::bind(const Step& step, const Device& device, std::uint32_t task,
                      const base::Digest& model) {
    bool is_awaited = false;
    const auto* record = catalogue_.task(task);
    const auto* edge = catalogue_.edge_model(task);
    for (const auto& choice : {in_force(device, task), in_shadow(device, task)}) {
        if (!choice || form_for(*choice, task, model) != nullptr ||
            !reach_.is_released(task, model)) {
            continue;
        }
        const auto version = find_version(task, choice->version);
        const auto& device_class = device.record.capability->device_class;
        bindings_.want(step, {.form = choice->blob,
                              .version = choice->version,
                              .task = record != nullptr ? *record : TaskRecord{.task = task},
                              .text = version != nullptr ? source_of(*version, device_class).text
                                                         : std::string(),
                              .model = model,
                              .payload_bytes = edge != nullptr ? edge->input_bytes : 0});
        is_awaited = is_awaited || bindings_.is_awaited({choice->blob, model});
    }
    return is_awaited;
}

PolicyVersionPointer PolicyDesk::find_version(std::uint32_t task, std::uint32_t version) const {
    const auto found = versions_.find(task);
    if (found == versions_.end()) {
        return nullptr;
    }
    const auto one = std::ranges::find_if(
        found->second, [&](const auto& candidate) { return candidate->version == version; });
    return one == found->second.end() ? nullptr : *one;
}

std::vector<PolicyBindings::Pair> PolicyDesk::give_up_waiting(const Step& step) {
    return bindings_.on_time(step);
}

std::optional<PolicyBindings::Pair> PolicyDesk::on_bound(const Step& step, PolicyBound&& done) {
    return bindings_.on_bound(step, std::move(done));
}

std::vector<PolicyBindings::Pair> PolicyDesk::forget_failed(std::uint32_t task) {
    return bindings_.forget_failed(task);
}

}  // namespace frugal::core
