// SPDX-License-Identifier: Apache-2.0
// Who has come how far with a staged version, by the devices' own words.
#include <algorithm>

#include "core/offload/policy_desk.hpp"

namespace frugal::core {

namespace {

void add_shadow(PolicyRolloutView& view, const TaskHealth& state) {
    view.shadow_reasons.resize(std::max(view.shadow_reasons.size(), state.shadow_reasons.size()));
    for (std::size_t i = 0; i < state.shadow_reasons.size(); ++i) {
        view.shadow_reasons[i] += state.shadow_reasons[i];
        view.shadow_answers += state.shadow_reasons[i];
    }
    view.shadow_differs += state.shadow_differs;
}

}  // namespace

// It, or what was learned of it since: nobody set another one for the class in between.
bool PolicyDesk::comes_of(const PolicyVersionRecord& version, std::uint32_t obeyed,
                          const base::ClassName& device_class) const {
    if (obeyed <= version.version) {
        return obeyed == version.version;
    }
    const auto present = find_version(version.task, obeyed);
    const auto is_set_between = [&](const PolicyVersionPointer& one) {
        return one->version > version.version && one->version < obeyed &&
               one->origin != PolicyOrigin::kLearned && one->audience.is_class() &&
               part_for(*one, device_class) != nullptr;
    };
    return present != nullptr && present->origin == PolicyOrigin::kLearned &&
           present->audience.is_class() &&
           std::ranges::none_of(versions_.at(version.task), is_set_between);
}

void PolicyDesk::count_device(const Device& device, const PolicyVersionRecord& version,
                              PolicyRolloutView& view) const {
    const auto& record = device.record;
    if (!record.capability) {
        return;
    }
    const auto task = version.task;
    const auto obeyed = obeyed_policy(device, task);
    const bool is_obeying = comes_of(version, obeyed, record.capability->device_class);
    const auto* part = part_reaching(version, record, catalogue_);
    const auto* own = catalogue_.override_of(task, record);
    bool is_told = is_obeying;
    for (const auto& state : device.health ? device.health->tasks : std::vector<TaskHealth>()) {
        if (state.task == task && state.shadow == version.version) {
            is_told = true;
            add_shadow(view, state);
        }
    }
    view.told += is_told ? 1 : 0;
    if (is_obeying) {
        ++view.candidate.devices;
    } else if (part != nullptr) {
        const bool is_concerned =
            record.state == DeviceState::kEnrolled &&
            std::ranges::find(record.reported, task, &TaskState::task) != record.reported.end();
        view.baseline.devices += obeyed != 0 ? 1 : 0;
        view.unable += is_concerned && !reach_.can_obey(record, task, part->blob) ? 1 : 0;
    } else if (own != nullptr && part_for(version, record.capability->device_class) != nullptr) {
        ++view.overridden;
    }
}

}  // namespace frugal::core
