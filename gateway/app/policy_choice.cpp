// SPDX-License-Identifier: Apache-2.0
#include "app/policy_choice.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "core/offload/policy_comparison.hpp"
#include "frugal/policy.h"

namespace frugal::app {

namespace {

std::uint32_t newest_in_force(const core::PolicyHistory& history,
                              const base::Audience& audience = {}) {
    std::uint32_t newest = 0;
    for (const auto& own : history.overrides) {
        newest = own.audience == audience ? std::max(newest, own.version) : newest;
    }
    if (!audience.is_class()) {
        return newest;
    }
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

const core::PolicyVersionRecord* newer(const core::PolicyVersionRecord* left,
                                       const core::PolicyVersionRecord* right) {
    return left == nullptr || (right != nullptr && right->version > left->version) ? right : left;
}

/// False if going back to `earlier` would leave a device class of `now` as it is.
bool is_for_classes_of(const core::PolicyVersionRecord& earlier,
                       const core::PolicyVersionRecord& now) {
    return std::ranges::all_of(now.parts, [&](const core::PolicyPart& part) {
        return core::part_for(earlier, part.device_class) != nullptr;
    });
}

}  // namespace

base::Error no_such_version(const std::string& what) {
    return {base::ErrorKind::kNotFound, what, {}, "frugalctl policy history lists them."};
}

const core::PolicyVersionRecord* find_version(const core::PolicyHistory& history,
                                              std::uint32_t version) {
    const auto found = std::ranges::find_if(
        history.versions, [&](const auto& candidate) { return candidate->version == version; });
    return found == history.versions.end() ? nullptr : found->get();
}

const core::PolicyVersionRecord* version_before(const core::PolicyHistory& history,
                                                const base::Audience& audience) {
    const auto newest = newest_in_force(history, audience);
    const auto* now = find_version(history, newest);
    if (now == nullptr) {
        return nullptr;
    }
    const auto root = root_of(history, newest);
    for (const auto& version : history.versions) {
        const bool is_alike =
            version->audience == audience && version->origin != core::PolicyOrigin::kWithdrawn;
        if (is_alike && version->version < root && version->was_in_force &&
            version->digest != now->digest && is_for_classes_of(*version, *now)) {
            return version.get();
        }
    }
    return nullptr;
}

base::Result<const core::PolicyVersionRecord*> version_to_revert(const core::PolicyHistory& history,
                                                                 std::optional<std::uint32_t> to,
                                                                 const base::Audience& audience) {
    const auto* source = to ? find_version(history, *to) : version_before(history, audience);
    if (source == nullptr) {
        return tl::unexpected(
            no_such_version("there is no such version of the task's policy to go back to"));
    }
    const auto number = "version " + std::to_string(source->version);
    if (source->origin == core::PolicyOrigin::kWithdrawn) {
        return base::fail(base::ErrorKind::kInvalidInput, number + " ended an override", {},
                          "frugalctl policy clear ends one.");
    }
    if (audience.is_class() && !source->audience.is_class()) {
        return base::fail(base::ErrorKind::kInvalidInput,
                          number + " was for " + source->audience.words() + " alone", {},
                          "Name whom it is for with --device or --label, or go back to a version "
                          "of whole classes.");
    }
    return source;
}

const core::PolicyPart* part_of(const core::PolicyVersionRecord& version,
                                const core::DeviceView& device) {
    return device.capability && version.audience.includes(device.id, device.label)
               ? core::part_for(version, device.capability->device_class)
               : nullptr;
}

core::SignedPointer form_obeyed(const core::PolicyVersionRecord& version,
                                const core::DeviceView& device, const ReleaseOfTask& decided) {
    const auto runs = std::ranges::find(device.reported, decided.task, &core::TaskState::task);
    const bool is_running =
        runs != device.reported.end() && runs->model_digest && runs->release == decided.release;
    for (const auto& chosen : device.policies) {
        if (is_running && chosen.task == decided.task && chosen.version == version.version) {
            return chosen.form;
        }
    }
    const auto* part = part_of(version, device);
    if (part == nullptr) {
        return nullptr;
    }
    const auto& form = part->blob->content();
    const auto tag = is_running ? fr_policy_model_tag(runs->model_digest->data()) : 0;
    return fr_policy_suits(form.data(), form.size(), decided.task, tag) ? part->blob : nullptr;
}

const core::PolicyVersionRecord* version_likely(const core::PolicyHistory& history,
                                                const core::DeviceView& device,
                                                const TaskMoment& moment) {
    const auto is_obeyed = [&](std::uint32_t version) {
        return device.health &&
               std::ranges::any_of(device.health->tasks, [&](const core::TaskHealth& state) {
                   return state.task == moment.task && state.policy == version;
               });
    };
    std::array<const core::PolicyVersionRecord*, 3> newest{};
    for (const auto& version : history.versions) {
        auto& of_kind = newest[static_cast<std::size_t>(version->audience.kind)];
        if (of_kind == nullptr && version->set_at.unix_ms <= moment.at.unix_ms &&
            (version->was_in_force || is_obeyed(version->version)) &&
            part_of(*version, device) != nullptr) {
            of_kind = version.get();
        }
    }
    const core::PolicyVersionRecord* likely = nullptr;
    for (const auto* version : newest) {
        const bool goes_before =
            version != nullptr && (likely == nullptr || version->version > likely->version ||
                                   version->origin != core::PolicyOrigin::kWithdrawn);
        likely = goes_before ? version : likely;
    }
    return likely;
}

const core::PolicyVersionRecord* newest_set(const core::PolicyHistory& history,
                                            const base::Audience& audience) {
    const auto found =
        std::ranges::find_if(history.versions, [&](const core::PolicyVersionPointer& version) {
            return version->origin != core::PolicyOrigin::kLearned && version->audience == audience;
        });
    return found == history.versions.end() ? nullptr : found->get();
}

base::Result<void> check_seen(const core::PolicyHistory& history, const base::Audience& audience,
                              const wire::IfMatch& seen) {
    const auto* newest = newest_set(history, audience);
    const auto has_seen = [&](std::uint64_t number) {
        return std::ranges::any_of(history.versions, [&](const auto& version) {
            return version->version == number && version->audience == audience &&
                   number >= newest->version;
        });
    };
    if (newest != nullptr && (seen.is_any || std::ranges::any_of(seen.numbers, has_seen))) {
        return {};
    }
    const auto task = "the policy of task " + std::to_string(history.task);
    if (newest == nullptr) {
        return base::fail(base::ErrorKind::kConflict, task + " not changed",
                          "nobody has set one yet, so none can have been seen",
                          "Set it without If-Match (frugalctl: without --if-version).");
    }
    return base::fail(base::ErrorKind::kConflict, task + " not changed",
                      "version " + std::to_string(newest->version) + " by " + newest->actor +
                          " came after the one you have seen",
                      "Look at it (frugalctl policy show " + std::to_string(history.task) +
                          " --version " + std::to_string(newest->version) +
                          "), put your change into it, and send it with If-Match: " +
                          wire::entity_tag(newest->version) + " (frugalctl: --if-version).");
}

const core::PolicyVersionRecord* version_obeyed(const core::PolicyHistory& history,
                                                const base::Audience& audience,
                                                const std::optional<core::DeviceView>& device) {
    for (const auto& chosen : device ? device->policies : std::vector<core::ChosenPolicy>{}) {
        if (chosen.task == history.task) {
            return find_version(history, chosen.version);
        }
    }
    const auto* own = find_version(history, newest_in_force(history, audience));
    return own != nullptr ? own : find_version(history, newest_in_force(history));
}

base::Result<const core::PolicyVersionRecord*> version_to_pin(
    const core::PolicyHistory& history, const base::Audience& audience,
    const std::optional<core::DeviceView>& device) {
    const auto* chosen = version_obeyed(history, audience, device);
    const bool is_end = chosen != nullptr && chosen->origin == core::PolicyOrigin::kWithdrawn;
    if (history.obeyed.empty() || (device && !is_end)) {
        return chosen;
    }
    const core::PolicyVersionRecord* newest = nullptr;
    std::optional<core::PolicySource> first;
    std::string who;
    bool is_one = true;
    for (const auto& obeyed : history.obeyed) {
        const auto* version = find_version(history, obeyed.version);
        newest = newer(newest, version);
        const auto source = version != nullptr
                                ? std::optional(core::source_of(*version, obeyed.device_class))
                                : std::nullopt;
        first = first ? first : source;
        is_one = is_one && source && source == first;
        who += (who.empty() ? "class " : ", class ") + obeyed.device_class.text() + " version " +
               std::to_string(obeyed.version) + (source ? " for " + source->release : "");
    }
    if (!is_one) {
        return base::fail(base::ErrorKind::kConflict,
                          "the devices of " + audience.words() + " obey different policies", who,
                          "Pin them one by one with --device, or write the pin into a file and set "
                          "it: frugalctl policy set --label.");
    }
    return newest;
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
        if (policy.task == history.task && policy.audience.is_class()) {
            all.parts.push_back({policy.device_class, policy.blob});
            name_source(all, all.parts.back(), find_version(history, policy.policy));
        }
    }
    return all;
}

void name_source(const core::PolicyVersionRecord& version, core::PolicyPart& part,
                 const core::PolicyVersionRecord* from) {
    auto source =
        from != nullptr ? core::source_of(*from, part.device_class) : core::PolicySource{};
    const core::PolicySource own{version.release, version.text};
    part.source = source == own ? std::nullopt : std::optional(std::move(source));
}

}  // namespace frugal::app
