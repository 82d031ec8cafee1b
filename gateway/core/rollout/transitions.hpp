// SPDX-License-Identifier: Apache-2.0
// The gateway's side of the update machine: where a device stands in a rollout, as one table of
// state x event. Pure functions.
#pragma once

#include "core/record.hpp"

namespace frugal::core {

/// What can happen to one device in one rollout.
enum class RolloutEvent : std::uint8_t {
    kOffer,        ///< desired state was sent
    kMisfit,       ///< found not to fit before any byte travelled
    kSaysOffered,  ///< kSays...: a report, or the phase in a hello
    kSaysRefused,
    kSaysTransfer,
    kSaysStaged,  ///< staged, waiting or testing itself
    kSaysProbation,
    kSaysConfirmed,
    kSaysReverted,
    kSaysQuarantined,
    kSilence,   ///< nothing heard for longer than the rollout's patience
    kCancel,    ///< aborted, superseded, rolled back or revoked
    kRelease,   ///< out of quarantine again, or what superseded it is aborted
    kSaysGone,  ///< a hello without the model it once confirmed: its storage was replaced
};
inline constexpr std::size_t kRolloutEventCount = 14;

RolloutState next_state(RolloutState state, RolloutEvent event);

/// The event a device's phase stands for; absent for phases that say nothing about a rollout.
std::optional<RolloutEvent> event_of(UpdatePhase phase);

/// True if nothing more is expected of the device.
bool is_settled(RolloutState state);

}  // namespace frugal::core
