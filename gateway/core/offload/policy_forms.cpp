// SPDX-License-Identifier: Apache-2.0
// The form of a version for each model of its classes: asked for when a device needs it.
#include <algorithm>

#include "core/offload/policy_desk.hpp"

namespace frugal::core {

SignedPointer PolicyDesk::form_for(const Choice& choice, std::uint32_t task,
                                   const base::Digest& model) const {
    return bindings_.find({choice.blob, model}, task);
}

// A device may report what it likes: forms are made for models that were released for the task.
bool PolicyDesk::is_released(std::uint32_t task, const base::Digest& model) const {
    return std::ranges::any_of(catalogue_.releases(), [&](const auto& release) {
        return release->task == task &&
               std::ranges::any_of(release->variants, [&](const auto& variant) {
                   return variant.manifest->content().model_digest == model;
               });
    });
}

bool PolicyDesk::is_out_of_reach(const Choice& choice, std::uint32_t task,
                                 const base::Digest& model) const {
    return bindings_.is_out_of_reach({choice.blob, model}) ||
           (form_for(choice, task, model) == nullptr && !is_released(task, model));
}

bool PolicyDesk::bind(const Step& step, const Device& device, std::uint32_t task,
                      const base::Digest& model) {
    bool is_awaited = false;
    const auto* record = catalogue_.task(task);
    const auto* edge = catalogue_.edge_model(task);
    const auto& versions = versions_[task];
    for (const auto& choice : {in_force(device, task), in_shadow(device, task)}) {
        if (!choice || form_for(*choice, task, model) != nullptr || !is_released(task, model)) {
            continue;
        }
        const auto version = std::ranges::find_if(
            versions, [&](const auto& one) { return one->version == choice->version; });
        const auto& device_class = device.record.capability->device_class;
        bindings_.want(step,
                       {.form = choice->blob,
                        .version = choice->version,
                        .task = record != nullptr ? *record : TaskRecord{.task = task},
                        .text = version != versions.end() ? source_of(**version, device_class).text
                                                          : std::string(),
                        .model = model,
                        .payload_bytes = edge != nullptr ? edge->input_bytes : 0});
        is_awaited = is_awaited || bindings_.is_under_way({choice->blob, model});
    }
    return is_awaited;
}

std::optional<PolicyBindings::Pair> PolicyDesk::on_bound(const Step& step, PolicyBound&& done) {
    return bindings_.on_bound(step, std::move(done));
}

std::vector<PolicyBindings::Pair> PolicyDesk::forget_failed(std::uint32_t task) {
    return bindings_.forget_failed(task);
}

}  // namespace frugal::core
