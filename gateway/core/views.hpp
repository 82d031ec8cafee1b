// SPDX-License-Identifier: Apache-2.0
// Answers to questions, put together from the core's parts. Pure reading.
#pragma once

#include "core/admin.hpp"
#include "core/decision/intake.hpp"
#include "core/fleet/energy_ledger.hpp"
#include "core/fleet/registry.hpp"
#include "core/offload/policy_desk.hpp"
#include "core/rollout/rollout_desk.hpp"

namespace frugal::core {

inline constexpr std::uint32_t kPageMax = 1000;

/// The parts a view looks at.
struct Site {
    const Registry& registry;
    const Catalogue& catalogue;
    const Intake& intake;
    const RolloutDesk& rollouts;
    const PolicyDesk& policies;
    const EnergyLedger& energy;
    const FleetConfig& config;
    base::Instant now;
};

Presence presence_of(const Device& device, base::Instant now, base::Duration silence);
DeviceView view_of(const Site& site, const Device& device);
DevicePage page_of(const Site& site, const ListDevices& query);
EnergyView energy_of(const Site& site, const Device& device);
EnergyPage energy_page_of(const Site& site, const ListEnergy& query);
ModelList models_of(const Site& site);
/// Who runs the release that a version names; absent if it is not known.
std::optional<ReleaseUse> release_use_of(const Site& site, const PolicyVersionRecord& version);
RolloutList rollouts_of(const Site& site);
base::Result<RolloutDetail> detail_of(const Site& site, const GetRollout& query);

}  // namespace frugal::core
