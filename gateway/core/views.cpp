// SPDX-License-Identifier: Apache-2.0
#include "core/views.hpp"

#include <algorithm>
#include <set>

#include "base/any_class.hpp"
#include "base/release_name.hpp"

namespace frugal::core {

Presence presence_of(const Device& device, base::Instant now, base::Duration silence) {
    if (device.presence == Presence::kOnline && device.heard_at &&
        now - *device.heard_at > silence) {
        return Presence::kSilent;
    }
    return device.presence;
}

DeviceView view_of(const Site& site, const Device& device) {
    const auto& record = device.record;
    DeviceView view{.id = record.id,
                    .label = record.label,
                    .state = record.state,
                    .presence = presence_of(device, site.now, site.config.silence),
                    .capability = record.capability,
                    .certificate = record.certificate,
                    .desired_version = record.desired_version,
                    .reported_version = record.reported_version,
                    .reported = record.reported,
                    .health = device.health,
                    .malformed_messages = device.malformed_messages,
                    .added_at = record.added_at,
                    .revoked_at = record.revoked_at};
    if (device.heard_at) {
        view.heard_ago = site.now - *device.heard_at;
    }
    for (const auto& assignment : record.assignments) {
        const auto& release = site.catalogue.release(assignment.release);
        const auto* standing = site.rollouts.standing(device, assignment);
        view.desired.push_back(
            {.task = assignment.task,
             .rollout = assignment.rollout,
             .model = release.model,
             .release = release.release,
             .state = standing != nullptr ? standing->state : RolloutState::kPending,
             .reason = standing != nullptr ? standing->reason : Reason::kNone});
    }
    for (const auto& state : record.reported) {
        if (const auto chosen = site.policies.in_force(device, state.task)) {
            const auto* own = site.catalogue.override_of(state.task, record);
            view.policies.push_back(
                {state.task, chosen->version, own != nullptr ? own->audience : base::Audience{},
                 state.model_digest
                     ? site.policies.form_for(*chosen, state.task, *state.model_digest)
                     : chosen->blob});
        }
    }
    for (const auto number : device.streams) {
        const auto& stream = site.intake.stream(number);
        view.streams.push_back({.id = stream.id,
                                .next_sequence = stream.next_sequence,
                                .accepted = stream.accepted,
                                .lost = stream.lost,
                                .boot_epoch = stream.boot_epoch});
    }
    return view;
}

DevicePage page_of(const Site& site, const ListDevices& query) {
    DevicePage page;
    page.total = site.registry.size();
    const auto& by_id = site.registry.by_id();
    const auto limit = std::clamp<std::uint32_t>(query.limit, 1, kPageMax);
    auto item = query.after ? by_id.upper_bound(*query.after) : by_id.begin();
    for (; item != by_id.end() && page.devices.size() < limit; ++item) {
        page.devices.push_back(view_of(site, site.registry.at(item->second)));
    }
    page.has_more = item != by_id.end();
    return page;
}

EnergyView energy_of(const Site& site, const Device& device) {
    return {device.record.id, site.energy.totals_of(device.record.number)};
}

EnergyPage energy_page_of(const Site& site, const ListEnergy& query) {
    EnergyPage page;
    page.fleet = site.energy.fleet_totals();
    const auto& by_id = site.registry.by_id();
    const auto limit = std::clamp<std::uint32_t>(query.limit, 1, kPageMax);
    auto item = query.after ? by_id.upper_bound(*query.after) : by_id.begin();
    for (; item != by_id.end() && page.devices.size() < limit; ++item) {
        page.devices.push_back(energy_of(site, site.registry.at(item->second)));
    }
    page.has_more = item != by_id.end();
    return page;
}

ModelList models_of(const Site& site) {
    ModelList list{site.catalogue.releases()};
    std::ranges::stable_sort(list.releases, [](const auto& left, const auto& right) {
        return std::tie(left->model, left->release) < std::tie(right->model, right->release);
    });
    return list;
}

namespace {

bool is_for(const PolicyVersionRecord& version, const DeviceRecord& device) {
    const bool has_part = std::ranges::any_of(version.parts, [&](const PolicyPart& part) {
        return part.device_class == device.capability->device_class ||
               part.device_class == base::any_class();
    });
    return has_part && version.audience.includes(device.id, device.label);
}

}  // namespace

std::optional<ReleaseUse> release_use_of(const Site& site, const PolicyVersionRecord& version) {
    const auto name = base::ReleaseName::parse(version.release);
    const auto release = name ? site.catalogue.find_release(name->model, name->number) : nullptr;
    if (release == nullptr) {
        return std::nullopt;
    }
    std::set<base::Digest> models;
    for (const auto& variant : release->variants) {
        models.insert(variant.manifest->content().model_digest);
    }
    ReleaseUse use{.release = version.release};
    for (const auto& device : site.registry.devices()) {
        const auto& record = device.record;
        if (record.state != DeviceState::kEnrolled || !record.capability ||
            !is_for(version, record)) {
            continue;
        }
        for (const auto& reported : record.reported) {
            if (reported.task == version.task && reported.model_digest) {
                ++use.devices;
                use.on_release += models.contains(*reported.model_digest) ? 1 : 0;
            }
        }
    }
    return use;
}

RolloutList rollouts_of(const Site& site) {
    RolloutList list;
    const auto& rollouts = site.rollouts.rollouts();
    for (auto item = rollouts.rbegin(); item != rollouts.rend(); ++item) {
        if (list.rollouts.size() == kPageMax) {
            break;
        }
        list.rollouts.push_back(
            view_of(item->second, site.catalogue.release(item->second.record.release)));
    }
    return list;
}

base::Result<RolloutDetail> detail_of(const Site& site, const GetRollout& query) {
    const auto* rollout = site.rollouts.find(query.rollout);
    if (rollout == nullptr) {
        return base::fail(base::ErrorKind::kNotFound,
                          "rollout " + std::to_string(query.rollout.value) + " is not known", {},
                          "List the rollouts");
    }
    RolloutDetail detail{.rollout =
                             view_of(*rollout, site.catalogue.release(rollout->record.release))};
    const auto limit = std::clamp<std::uint32_t>(query.limit, 1, kPageMax);
    auto item = rollout->devices.begin();
    if (query.after) {
        const auto* after = site.registry.find(*query.after);
        item = after == nullptr ? rollout->devices.end()
                                : rollout->devices.upper_bound(after->record.number);
    }
    for (; item != rollout->devices.end() && detail.devices.size() < limit; ++item) {
        detail.devices.push_back({site.registry.at(item->first).record.id, item->second});
    }
    detail.has_more = item != rollout->devices.end();
    return detail;
}

}  // namespace frugal::core
