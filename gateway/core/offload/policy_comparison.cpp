// SPDX-License-Identifier: Apache-2.0
#include "core/offload/policy_comparison.hpp"

#include <algorithm>

#include "base/any_class.hpp"

namespace frugal::core {

namespace {

bool was_escalated(std::uint8_t outcome) {
    const auto reason = static_cast<PolicyReason>(outcome % 16);
    return outcome / 16 != static_cast<int>(Tier::kLocal) || reason == PolicyReason::kLate ||
           reason == PolicyReason::kBusyRetry;
}

void count(PolicyTally& tally, const Decisions& decisions) {
    tally.decisions += decisions.count;
    tally.energy_uj += decisions.energy_uj;
    for (std::uint32_t i = 0; i < decisions.count; ++i) {
        const auto reason = static_cast<PolicyReason>(decisions.outcomes[i] % 16);
        tally.escalations += was_escalated(decisions.outcomes[i]) ? 1 : 0;
        tally.late += reason == PolicyReason::kLate ? 1 : 0;
    }
}

/// So many decisions of one device count: half of a side's devices suffice for a comparison, and of
/// many no single one is more than a quarter of it.
std::uint64_t most_of_one(std::uint32_t devices, const PolicyConfig& config) {
    const std::uint64_t needed = config.compared_decisions;
    return std::max(needed / 4, needed * 2 / std::max(devices, 1U));
}

std::uint64_t in_10000(std::uint64_t part, const PolicyTally& tally) {
    return part * kWholeFleet / tally.decisions;
}

bool is_above(std::uint64_t candidate, std::uint64_t baseline, std::uint64_t percent,
              std::uint64_t slack) {
    return candidate > baseline * percent / 100 + slack;
}

PolicyHalt judge(const PolicyTally& mine, const PolicyTally& theirs, const PolicyConfig& config) {
    if (is_above(in_10000(mine.late, mine), in_10000(theirs.late, theirs), config.late_percent,
                 config.slack_permyriad)) {
        return PolicyHalt::kDeadlineMisses;
    }
    if (is_above(in_10000(mine.escalations, mine), in_10000(theirs.escalations, theirs),
                 config.escalations_percent, config.slack_permyriad)) {
        return PolicyHalt::kEscalations;
    }
    if (theirs.energy_uj != 0 &&
        is_above(mine.energy_uj / mine.decisions, theirs.energy_uj / theirs.decisions,
                 config.energy_percent, 0)) {
        return PolicyHalt::kEnergy;
    }
    return PolicyHalt::kNone;
}

}  // namespace

std::uint32_t policy_place(const base::DeviceId& device, std::uint32_t version) {
    std::uint32_t hash = 2166136261U ^ version * 0x9E3779B9U;  // FNV-1a
    for (const char letter : device.text()) {
        hash = (hash ^ static_cast<std::uint8_t>(letter)) * 16777619U;
    }
    hash ^= hash >> 15;
    return hash * 0x2C1B3C6DU % kWholeFleet;
}

const PolicyPart* part_for(const PolicyVersionRecord& version,
                           const base::ClassName& device_class) {
    const PolicyPart* any = nullptr;
    for (const auto& part : version.parts) {
        if (part.device_class == device_class) {
            return &part;
        }
        any = part.device_class == base::any_class() ? &part : any;
    }
    return any;
}

PolicySource source_of(const PolicyVersionRecord& version, const base::ClassName& device_class) {
    const auto* part = part_for(version, device_class);
    return part != nullptr && part->source ? *part->source
                                           : PolicySource{version.release, version.text};
}

const PolicyPart* part_replacing(const PolicyVersionRecord& version,
                                 const base::ClassName& device_class, const Catalogue& catalogue) {
    const auto* part = part_for(version, device_class);
    const auto* present = catalogue.policy(version.task, device_class);
    const bool keeps_own = part != nullptr && part->device_class != device_class &&
                           present != nullptr && present->device_class == device_class;
    return keeps_own ? nullptr : part;
}

const PolicyPart* part_reaching(const PolicyVersionRecord& version, const DeviceRecord& device,
                                const Catalogue& catalogue) {
    if (!device.capability || !version.audience.includes(device.id, device.label)) {
        return nullptr;
    }
    const auto* own = catalogue.override_of(version.task, device);
    if (own != nullptr && own->audience.kind > version.audience.kind) {
        return nullptr;
    }
    const auto& device_class = device.capability->device_class;
    return version.audience.is_class() ? part_replacing(version, device_class, catalogue)
                                       : part_for(version, device_class);
}

std::uint32_t obeyed_policy(const Device& device, std::uint32_t task) {
    if (device.health) {
        for (const auto& state : device.health->tasks) {
            if (state.task == task) {
                return state.policy;
            }
        }
    }
    for (const auto& state : device.record.reported) {
        if (state.task == task) {
            return state.policy;
        }
    }
    return 0;
}

PolicyComparison::PolicyComparison(PolicyVersionPointer version, std::uint32_t share,
                                   const Registry& registry, const PolicyReach& reach)
    : version_(std::move(version)), share_(share) {
    recount(registry, reach);
}

void PolicyComparison::recount(const Registry& registry, const PolicyReach& reach) {
    const auto& catalogue = reach.catalogue();
    for (auto& [name, sides] : classes_) {
        sides.candidate.devices = sides.baseline.devices = 0;
        sides.candidate.unable = sides.baseline.unable = 0;
        sides.spared = sides.spared_candidates = 0;
    }
    for (const auto& device : registry.devices()) {
        if (const auto place = place_of(device, catalogue)) {
            const bool can = reach.can_obey(device.record, version_->task, place->form);
            ++(can ? place->side->devices : place->side->unable);
        } else if (is_spared(device, catalogue)) {
            auto& sides = classes_[device.record.capability->device_class];
            ++sides.spared;
            sides.spared_candidates +=
                policy_place(device.record.id, version_->version) < share_ ? 1 : 0;
        }
    }
}

bool PolicyComparison::is_concerned(const Device& device) const {
    const auto& record = device.record;
    return version_ != nullptr && record.capability && record.state == DeviceState::kEnrolled &&
           std::ranges::find(record.reported, version_->task, &TaskState::task) !=
               record.reported.end();
}

// It would take part without its own policy.
bool PolicyComparison::is_spared(const Device& device, const Catalogue& catalogue) const {
    if (!is_concerned(device) || part_reaching(*version_, device.record, catalogue) != nullptr) {
        return false;
    }
    const auto& device_class = device.record.capability->device_class;
    const auto* present = catalogue.policy(version_->task, device_class);
    return part_replacing(*version_, device_class, catalogue) != nullptr && present != nullptr &&
           present->policy != version_->version;
}

// Absent for who is not concerned: no part for its class, the class's first policy, another task.
std::optional<PolicyComparison::Place> PolicyComparison::place_of(const Device& device,
                                                                  const Catalogue& catalogue) {
    if (!is_concerned(device)) {
        return std::nullopt;
    }
    const auto& record = device.record;
    const auto* present = catalogue.policy_of(version_->task, record);
    const auto* part = part_reaching(*version_, record, catalogue);
    if (part == nullptr || present == nullptr || present->policy == version_->version) {
        return std::nullopt;
    }
    auto& sides = classes_[record.capability->device_class];
    return policy_place(record.id, version_->version) < share_
               ? Place{&sides.candidate, version_->version, part->blob}
               : Place{&sides.baseline, present->policy, present->blob};
}

void PolicyComparison::on_hello(const Device& device, const Catalogue& catalogue) {
    const auto place = place_of(device, catalogue);
    const auto heard = heard_.find(device.record.number);
    if (!place || heard == heard_.end()) {
        return;
    }
    const auto& reported = device.record.reported;
    const auto state = std::ranges::find(reported, version_->task, &TaskState::task);
    heard->second.is_obeying &= state != reported.end() && state->policy == place->version;
}

void PolicyComparison::on_health(const Device& device, const Health& health,
                                 const Catalogue& catalogue) {
    const auto place = place_of(device, catalogue);
    if (!place) {
        return;
    }
    const auto state = std::ranges::find(health.tasks, version_->task, &TaskHealth::task);
    auto& heard = heard_[device.record.number];
    const bool is_obeying = state != health.tasks.end() && state->policy == place->version;
    if (is_obeying && !heard.is_obeying) {
        heard.boot_epoch = health.boot_epoch;
        heard.ticks = health.uptime_ticks;
    }
    heard.is_obeying = is_obeying;
}

void PolicyComparison::on_decisions(const Device& device, const Decisions& decisions,
                                    const Catalogue& catalogue, const PolicyConfig& config) {
    const auto place = place_of(device, catalogue);
    const auto found = heard_.find(device.record.number);
    if (!place || found == heard_.end() || !found->second.is_obeying) {
        return;
    }
    auto& heard = found->second;
    const bool is_backlog = std::pair(decisions.boot_epoch, decisions.ticks[0]) <
                            std::pair(heard.boot_epoch, heard.ticks);
    if (is_backlog ||
        heard.decisions + decisions.count > most_of_one(place->side->devices, config)) {
        return;
    }
    heard.decisions += decisions.count;
    count(place->side->tally, decisions);
}

PolicyHalt PolicyComparison::verdict(const PolicyConfig& config) const {
    for (const auto& [name, sides] : classes_) {
        const auto& mine = sides.candidate.tally;
        const auto& theirs = sides.baseline.tally;
        if (mine.decisions < config.compared_decisions ||
            theirs.decisions < config.compared_decisions) {
            continue;
        }
        if (const auto why = judge(mine, theirs, config); why != PolicyHalt::kNone) {
            return why;
        }
    }
    return PolicyHalt::kNone;
}

bool PolicyComparison::is_complete(const PolicyConfig& config) const {
    return std::ranges::all_of(classes_, [&](const auto& entry) {
        const auto& [name, sides] = entry;
        const bool can_compare = sides.candidate.devices != 0 && sides.baseline.devices != 0;
        return !can_compare || (sides.candidate.tally.decisions >= config.compared_decisions &&
                                sides.baseline.tally.decisions >= config.compared_decisions);
    });
}

PolicyComparison::Count PolicyComparison::counted(Side Class::*side) const {
    Count count;
    for (const auto& [name, sides] : classes_) {
        count.devices += (sides.*side).devices;
        count.unable += (sides.*side).unable;
    }
    return count;
}

bool PolicyComparison::is_without_candidates() const {
    const auto mine = counted(&Class::candidate);
    const auto theirs = counted(&Class::baseline);
    const bool has_spared =
        std::ranges::any_of(classes_, [](const auto& entry) { return entry.second.spared != 0; });
    return mine.devices == 0 && (mine.unable + theirs.devices + theirs.unable != 0 || has_spared);
}

bool PolicyComparison::is_out_of_reach() const {
    const auto mine = counted(&Class::candidate);
    const auto theirs = counted(&Class::baseline);
    const bool is_all = theirs.devices == 0 && theirs.unable != 0;
    return mine.devices == 0 && (mine.unable != 0 || is_all);
}

bool PolicyComparison::has_class_out_of_reach() const {
    return std::ranges::any_of(classes_, [](const auto& entry) {
        const auto& [name, sides] = entry;
        return sides.candidate.unable != 0 && sides.candidate.devices == 0 &&
               sides.baseline.devices != 0;
    });
}

// A share that hits nobody of a small class is another matter: that class goes with the others.
bool PolicyComparison::has_class_without_candidates() const {
    return std::ranges::any_of(classes_, [](const auto& entry) {
        const auto& [name, sides] = entry;
        const bool are_spared =
            sides.spared_candidates != 0 || (sides.spared != 0 && sides.baseline.devices == 0);
        return are_spared && sides.candidate.devices == 0;
    });
}

PolicyTally PolicyComparison::total(bool is_candidate) const {
    PolicyTally total;
    for (const auto& [name, sides] : classes_) {
        const auto& tally = (is_candidate ? sides.candidate : sides.baseline).tally;
        total.decisions += tally.decisions;
        total.escalations += tally.escalations;
        total.late += tally.late;
        total.energy_uj += tally.energy_uj;
    }
    return total;
}

}  // namespace frugal::core
