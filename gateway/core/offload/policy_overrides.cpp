// SPDX-License-Identifier: Apache-2.0
// Versions for one device or the devices with one label: whom they reach, when they end.
#include <algorithm>

#include "core/offload/policy_desk.hpp"
#include "frugal/policy.h"

namespace frugal::core {

namespace {

tl::unexpected<base::Error> refuse(base::ErrorKind kind, std::string cause, std::string remedy) {
    return base::fail(kind, "policy not set", std::move(cause), std::move(remedy));
}

/// But for the id within.
bool are_same_rules(const base::Bytes& left, const base::Bytes& right) {
    constexpr auto kFrom = static_cast<std::ptrdiff_t>(FR_POLICY_ID_OFFSET);
    constexpr auto kUntil = kFrom + static_cast<std::ptrdiff_t>(FR_POLICY_ID_BYTES);
    return left.size() == right.size() &&
           (left.size() < static_cast<std::size_t>(kUntil)
                ? left == right
                : std::equal(left.begin(), left.begin() + kFrom, right.begin()) &&
                      std::equal(left.begin() + kUntil, left.end(), right.begin() + kUntil));
}

std::string words_of(const base::Audience& audience) {
    return audience.kind == base::Audience::Kind::kDevice ? "device " + audience.name
                                                          : "label " + audience.name;
}

std::string words_of(std::uint32_t task) {
    return "task " + std::to_string(task);
}

/// Why a device that is meant cannot have a policy of its own for the task; empty if it can.
std::string obstacle_of(const DeviceRecord& device, std::uint32_t task) {
    if (device.state == DeviceState::kRevoked) {
        return "it is revoked";
    }
    if (!device.capability) {
        return "it has not said yet what it is";
    }
    const bool has_task =
        std::ranges::find(device.reported, task, &TaskState::task) != device.reported.end();
    return has_task ? "" : "it does not decide " + words_of(task);
}

}  // namespace

// Of several devices with a label one suffices; the classes of the others join with their policies.
base::Result<std::set<base::ClassName>> PolicyDesk::classes_of(const base::Audience& audience,
                                                               std::uint32_t task) const {
    std::set<base::ClassName> classes;
    std::string obstacle;
    for (const auto& device : registry_.devices()) {
        if (!is_meant(audience, device.record)) {
            continue;
        }
        const auto why = obstacle_of(device.record, task);
        if (why.empty()) {
            classes.insert(device.record.capability->device_class);
        } else {
            obstacle = why;
        }
    }
    if (classes.empty() && obstacle.empty()) {
        return refuse(base::ErrorKind::kNotFound, "there is no " + words_of(audience),
                      "frugalctl device list shows names and labels");
    }
    if (classes.empty()) {
        return refuse(base::ErrorKind::kConflict, words_of(audience) + ": " + obstacle,
                      "frugalctl device show tells what it reported last");
    }
    for (const auto& device_class : classes) {
        if (catalogue_.policy(task, device_class) == nullptr) {
            return refuse(base::ErrorKind::kConflict,
                          "class " + device_class.text() + " has no policy of " + words_of(task) +
                              " to go back to",
                          "Set one for the whole class first");
        }
    }
    return classes;
}

base::Result<void> PolicyDesk::check_room(const PolicyVersionRecord& version) const {
    const auto overrides = catalogue_.overrides(version.task);
    const auto is_new = [&](const PolicyPart& part) {
        return std::ranges::none_of(overrides, [&](const PolicyRecord* present) {
            return present->audience == version.audience &&
                   present->device_class == part.device_class;
        });
    };
    const auto added = std::ranges::count_if(version.parts, is_new);
    if (overrides.size() + static_cast<std::size_t>(added) > kPolicyOverridesMax) {
        return refuse(base::ErrorKind::kLimit,
                      words_of(version.task) + " has its " + std::to_string(kPolicyOverridesMax) +
                          " policies of single devices and labels",
                      "Clear some, or give the devices one label or a class of their own");
    }
    return {};
}

// What the devices obey without it must be what lies below it now, or a change in between is lost;
// and a version on its way has a number below this one's, which these devices would then refuse.
base::Result<void> PolicyDesk::check_withdrawn(const PolicyVersionRecord& version) const {
    if (const auto* open = open_rollout(version.task)) {
        return refuse(base::ErrorKind::kConflict,
                      "version " + std::to_string(open->record.version) + " is on its way",
                      "Clear it when that one has arrived, or take that one back first: "
                      "frugalctl policy rollout abort");
    }
    for (const auto* present : catalogue_.overrides(version.task)) {
        const bool is_ended = present->audience == version.audience && !present->is_withdrawn;
        if (is_ended && std::ranges::find(version.parts, present->device_class,
                                          &PolicyPart::device_class) == version.parts.end()) {
            return refuse(base::ErrorKind::kConflict,
                          "class " + present->device_class.text() + " is left out", "Try again");
        }
    }
    for (const auto& part : version.parts) {
        const auto* present = catalogue_.policy(version.task, part.device_class, version.audience);
        if (present == nullptr || present->is_withdrawn) {
            return refuse(base::ErrorKind::kNotFound,
                          words_of(version.audience) + " has no policy of its own",
                          "frugalctl policy history shows who has one");
        }
        for (const auto& device : registry_.devices()) {
            const bool is_concerned = is_meant(version.audience, device.record) &&
                                      device.record.capability &&
                                      device.record.capability->device_class == part.device_class;
            const auto below =
                is_concerned ? without(version.audience, version.task, device.record) : nullptr;
            if (is_concerned &&
                (below == nullptr || !are_same_rules(below->content(), part.blob->content()))) {
                return refuse(
                    base::ErrorKind::kConflict,
                    "what " + words_of(version.audience) + " is to obey without it has changed",
                    "Try again");
            }
        }
    }
    return {};
}

SignedPointer PolicyDesk::without(const base::Audience& audience, std::uint32_t task,
                                  const DeviceRecord& device) const {
    const auto below = audience.kind == base::Audience::Kind::kDevice
                           ? base::Audience::Kind::kLabel
                           : base::Audience::Kind::kClass;
    const auto* policy = catalogue_.policy_of(task, device, below);
    return policy != nullptr ? policy->blob : nullptr;
}

// Only the classes that its devices have, each by its name: what a class obeys may differ.
base::Result<void> PolicyDesk::narrow(SetPolicy& command) const {
    auto& version = command.version;
    if (version.audience.is_class()) {
        return version.origin != PolicyOrigin::kWithdrawn
                   ? base::Result<void>{}
                   : refuse(base::ErrorKind::kInvalidInput, "a class has nothing to withdraw",
                            "Set or revert to the version that is wanted");
    }
    if (!command.steps.empty()) {
        return refuse(base::ErrorKind::kInvalidInput,
                      "for " + words_of(version.audience) + " it is in force at once",
                      "Leave the steps out");
    }
    version.group_share_permille = 0;  // a group's share is its class's
    if (version.origin == PolicyOrigin::kWithdrawn) {
        return check_withdrawn(version);
    }
    if (version.origin == PolicyOrigin::kLearned) {
        return {};
    }
    const auto classes = classes_of(version.audience, version.task);
    if (!classes) {
        return tl::unexpected<base::Error>(classes.error());
    }
    std::vector<PolicyPart> reaching;
    for (const auto& device_class : *classes) {
        if (const auto* part = part_for(version, device_class)) {
            reaching.push_back({device_class, part->blob});
        }
    }
    if (reaching.empty()) {
        return refuse(base::ErrorKind::kInvalidInput,
                      words_of(version.audience) + " is of class " + classes->begin()->text() +
                          ", for which there is no part",
                      "Name a release with a variant for that class");
    }
    version.parts = std::move(reaching);
    return check_room(version);
}

// It counts as long as a device of it would else be given something older.
void PolicyDesk::drop_withdrawn(const Step& step, std::uint32_t task) {
    for (const auto* policy : catalogue_.overrides(task)) {
        const bool is_needed = !policy->is_withdrawn ||
                               std::ranges::any_of(registry_.devices(), [&](const Device& device) {
                                   return is_meant(policy->audience, device.record) &&
                                          catalogue_.policy_of(task, device.record) == policy;
                               });
        if (!is_needed) {
            catalogue_.drop_policy(step, *policy);
        }
    }
}

}  // namespace frugal::core
