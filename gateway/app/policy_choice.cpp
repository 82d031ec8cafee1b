// SPDX-License-Identifier: Apache-2.0
#include "app/policy_choice.hpp"

#include <algorithm>

#include "core/offload/policy_comparison.hpp"

namespace frugal::app {

namespace {

std::uint32_t newest_in_force(const core::PolicyHistory& history) {
    std::uint32_t newest = 0;
    for (const auto version : history.in_force) {
        newest = version != history.candidate ? std::max(newest, version) : newest;
    }
    return newest;
}

/// The version whose content `version` has: what going back went back to.
std::uint32_t root_of(const core::PolicyHistory& history, std::uint32_t version) {
    const auto* found = find_version(history, version);
    while (found != nullptr && found->origin == core::PolicyOrigin::kReverted &&
           found->source < version) {
        version = found->source;
        found = find_version(history, version);
    }
    return version;
}

/// False if going back to `earlier` would leave a device class of `now` as it is.
bool is_for_classes_of(const core::PolicyVersionRecord& earlier,
                       const core::PolicyVersionRecord& now) {
    return std::ranges::all_of(now.parts, [&](const core::PolicyPart& part) {
        return core::part_for(earlier, part.device_class) != nullptr;
    });
}

}  // namespace

const core::PolicyVersionRecord* find_version(const core::PolicyHistory& history,
                                              std::uint32_t version) {
    const auto found = std::ranges::find_if(
        history.versions, [&](const auto& candidate) { return candidate->version == version; });
    return found == history.versions.end() ? nullptr : found->get();
}

const core::PolicyVersionRecord* version_before(const core::PolicyHistory& history) {
    const auto newest = newest_in_force(history);
    const auto* now = find_version(history, newest);
    if (now == nullptr) {
        return nullptr;
    }
    const auto root = root_of(history, newest);
    for (const auto& version : history.versions) {
        if (version->version < root && version->was_in_force && version->digest != now->digest &&
            is_for_classes_of(*version, *now)) {
            return version.get();
        }
    }
    return nullptr;
}

core::PolicyVersionRecord all_in_force(const core::TaskList& tasks,
                                       const core::PolicyHistory& history) {
    core::PolicyVersionRecord all;
    if (const auto* newest = find_version(history, newest_in_force(history))) {
        all = *newest;
    }
    all.task = history.task;
    all.version = newest_in_force(history);
    all.parts.clear();
    for (const auto& policy : tasks.policies) {
        if (policy.task == history.task) {
            all.parts.push_back({policy.device_class, policy.blob});
        }
    }
    return all;
}

}  // namespace frugal::app
