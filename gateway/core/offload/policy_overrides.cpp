// SPDX-License-Identifier: Apache-2.0
// Versions for one device or the devices with one label: whom they reach, when they end.
#include <algorithm>
#include <map>

#include "core/offload/policy_desk.hpp"
#include "core/offload/policy_rules.hpp"

namespace frugal::core {

namespace {

tl::unexpected<base::Error> refuse(base::ErrorKind kind, std::string cause, std::string remedy) {
    return base::fail(kind, "policy not set", std::move(cause), std::move(remedy));
}

bool are_same_rules(const base::Bytes& left, const base::Bytes& right) {
    return std::ranges::equal(rules_of(left), rules_of(right),
                              [](auto one, auto other) { return std::ranges::equal(one, other); });
}

std::string words_of(std::uint32_t task) {
    return "task " + std::to_string(task);
}

/// Why a device that is meant cannot have a policy of its own for the task; empty if it can. The
/// class is the device's own word: one that nobody knows must not stand in the way of others.
std::string obstacle_of(const DeviceRecord& device, std::uint32_t task,
                        const Catalogue& catalogue) {
    if (device.state == DeviceState::kRevoked) {
        return "it is revoked";
    }
    if (!device.capability) {
        return "it has not said yet what it is";
    }
    if (std::ranges::find(device.reported, task, &TaskState::task) == device.reported.end()) {
        return "it does not decide " + words_of(task);
    }
    const auto& device_class = device.capability->device_class;
    return catalogue.policy(task, device_class) != nullptr
               ? ""
               : "class " + device_class.text() + " has no policy of " + words_of(task) +
                     " to go back to";
}

/// What all parts that are left were compiled from is the version's own text.
void take_common_source(PolicyVersionRecord& version) {
    const auto source = version.parts.empty() ? std::nullopt : version.parts.front().source;
    if (!source || std::ranges::any_of(version.parts, [&](const PolicyPart& part) {
            return part.source != source;
        })) {
        return;
    }
    version.release = source->release;
    version.text = source->text;
    for (auto& part : version.parts) {
        part.source.reset();
    }
}

// What ended an override repeats what lies below it, for all its classes in one version: it is the
// version below that a person knows.
std::uint32_t version_behind(const Catalogue& catalogue, const DeviceRecord& device,
                             std::uint32_t task, base::Audience::Kind most) {
    using Kind = base::Audience::Kind;
    const auto* policy = catalogue.policy_of(task, device, most);
    while (policy->is_withdrawn && most != Kind::kClass) {
        most = most == Kind::kDevice ? Kind::kLabel : Kind::kClass;
        policy = catalogue.policy_of(task, device, most);
    }
    return policy->policy;
}

}  // namespace

// Of several devices with a label one suffices; the classes of the others join with their policies.
base::Result<std::vector<PolicyObeyed>> PolicyDesk::obeyed_by(const base::Audience& audience,
                                                              std::uint32_t task) const {
    std::map<base::ClassName, std::uint32_t> versions;
    std::string obstacle;
    for (const auto& device : registry_.devices()) {
        if (!audience.includes(device.record.id, device.record.label)) {
            continue;
        }
        const auto why = obstacle_of(device.record, task, catalogue_);
        if (why.empty()) {
            versions[device.record.capability->device_class] =
                version_behind(catalogue_, device.record, task, audience.kind);
        } else {
            obstacle = why;
        }
    }
    if (versions.empty() && obstacle.empty()) {
        return refuse(base::ErrorKind::kNotFound, "there is no " + audience.words(),
                      "frugalctl device list shows names and labels");
    }
    if (versions.empty()) {
        return refuse(base::ErrorKind::kConflict, audience.words() + ": " + obstacle,
                      "frugalctl device show tells what it reported last; a class gets a policy "
                      "before its devices get their own");
    }
    std::vector<PolicyObeyed> obeyed;
    for (const auto& [device_class, version] : versions) {
        obeyed.push_back({device_class, version});
    }
    return obeyed;
}

base::Result<void> PolicyDesk::check_room(const PolicyVersionRecord& version) const {
    auto overrides = catalogue_.overrides(version.task);
    std::erase_if(overrides, [&](const PolicyRecord* policy) { return !is_needed(*policy); });
    const auto ended = std::ranges::count_if(overrides, &PolicyRecord::is_withdrawn);
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
                      (ended == 0 ? "Clear some"
                                  : "The next version for the whole class frees the " +
                                        std::to_string(ended) + " that are ended") +
                          std::string(", or give the devices one label or a class of their own"));
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
                          version.audience.words() + " has no policy of its own",
                          "frugalctl policy history shows who has one");
        }
        const auto* below = without(version.audience, version.task, part.device_class);
        if (below == nullptr || !are_same_rules(below->blob->content(), part.blob->content())) {
            return refuse(base::ErrorKind::kConflict,
                          "what " + version.audience.words() + " is to obey without it has changed",
                          "Try again");
        }
    }
    return {};
}

const PolicyRecord* PolicyDesk::without(const base::Audience& audience, std::uint32_t task,
                                        const base::ClassName& device_class) const {
    const auto id = audience.kind == base::Audience::Kind::kDevice
                        ? base::DeviceId::parse(audience.name)
                        : std::nullopt;
    const auto* device = id ? registry_.find(*id) : nullptr;
    return catalogue_.policy_below(task, device_class, audience,
                                   device != nullptr ? device->record.label : std::string());
}

// Only the classes that its devices have, each by its name: what a class obeys may differ.
base::Result<std::vector<base::ClassName>> PolicyDesk::keep_classes(
    PolicyVersionRecord& version) const {
    const auto obeyed = obeyed_by(version.audience, version.task);
    if (!obeyed) {
        return tl::unexpected<base::Error>(obeyed.error());
    }
    std::vector<PolicyPart> reaching;
    std::vector<base::ClassName> left_out;
    for (const auto& [device_class, number] : *obeyed) {
        if (const auto* part = part_for(version, device_class)) {
            reaching.push_back({device_class, part->blob, part->source});
        } else {
            left_out.push_back(device_class);
        }
    }
    version.parts = std::move(reaching);
    take_common_source(version);
    return left_out;
}

// Gives the classes of its devices that go on with what they obey: there is no part for them.
base::Result<std::vector<base::ClassName>> PolicyDesk::narrow(SetPolicy& command) const {
    auto& version = command.version;
    const std::vector<base::ClassName> none;
    if (version.audience.is_class()) {
        return version.origin != PolicyOrigin::kWithdrawn
                   ? base::Result<std::vector<base::ClassName>>(none)
                   : refuse(base::ErrorKind::kInvalidInput, "a class has nothing to withdraw",
                            "Set or revert to the version that is wanted");
    }
    if (!command.steps.empty()) {
        return refuse(base::ErrorKind::kInvalidInput,
                      "for " + version.audience.words() + " it is in force at once",
                      "Leave the steps out");
    }
    version.group_share_permille = 0;  // a group's share is its class's
    if (version.origin == PolicyOrigin::kWithdrawn) {
        return check_withdrawn(version).map([&] { return none; });
    }
    if (version.origin == PolicyOrigin::kLearned) {
        return none;
    }
    auto left_out = keep_classes(version);
    if (!left_out) {
        return left_out;
    }
    if (version.parts.empty() || (command.needs_every_class && !left_out->empty())) {
        return refuse(base::ErrorKind::kInvalidInput,
                      version.audience.words() + " is of class " + left_out->front().text() +
                          ", for which there is no part",
                      "Set a file for a release with a variant for that class: frugalctl policy "
                      "set --release");
    }
    return check_room(version).map([&] { return *left_out; });
}

// It counts as long as a device of it would else be given something older.
bool PolicyDesk::is_needed(const PolicyRecord& policy) const {
    return !policy.is_withdrawn ||
           std::ranges::any_of(registry_.devices(), [&](const Device& device) {
               const auto& record = device.record;
               return record.state != DeviceState::kRevoked &&
                      policy.audience.includes(record.id, record.label) &&
                      catalogue_.policy_of(policy.task, record) == &policy;
           });
}

void PolicyDesk::drop_withdrawn(const Step& step, std::uint32_t task) {
    for (const auto* policy : catalogue_.overrides(task)) {
        if (!is_needed(*policy)) {
            catalogue_.drop_policy(step, *policy);
        }
    }
}

}  // namespace frugal::core
