// SPDX-License-Identifier: Apache-2.0
// Versions of offload policies and their way to the devices, as they are kept. Plain values, used
// by the core in memory, by Write on the way to the disk and by Snapshot on the way back. A version
// never changes once it is set: going back makes a new one with the old content.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/audience.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "core/signed_blob.hpp"

namespace frugal::core {

enum class PolicyOrigin : std::uint8_t {
    kAuthored = 1,  ///< a person set a file
    kLearned = 2,   ///< the gateway fitted its gain tables
    kReverted = 3,  ///< the content of an earlier version
    /// An override ends: what its devices obey without it, under a number above the override's.
    kWithdrawn = 4,
};
std::string_view to_string(PolicyOrigin origin);  ///< "authored"

/// What a person wrote, and whose models it was compiled for.
struct PolicySource {
    std::string release{};  ///< "fashion@2"
    std::string text{};     ///< empty: nobody knows it any more
    bool operator==(const PolicySource&) const = default;
};

/// The signed compiled form for one device class ("any" fits all).
struct PolicyPart {
    base::ClassName device_class;
    SignedPointer blob{};
    /// What it was compiled from, if that is not the version's own text: a version that takes
    /// another one back brings together what its classes obeyed before.
    std::optional<PolicySource> source{};
};

struct PolicyVersionRecord {
    std::uint32_t task = 0;
    std::uint32_t version = 0;  ///< the policy id that devices report; grows over all tasks
    PolicyOrigin origin = PolicyOrigin::kAuthored;
    std::uint32_t source = 0;  ///< version it goes back to or was learned from; 0: none
    std::string release{};     ///< "fashion@2": whose models it is for
    std::string text{};        ///< as authored; of a learned one, the text its rules come from
    base::Digest digest{};     ///< of text and compiled forms without their ids; set by the core
    std::string actor{};       ///< set by the core
    std::string comment{};
    base::WallTime set_at{};    ///< set by the core
    bool was_in_force = false;  ///< once on all devices of its classes; set by the core
    std::vector<PolicyPart> parts{};
    /// Of a group's decisions that may escalate: for the gateway, not in the parts. 0: not stated.
    std::uint32_t group_share_permille = 0;
    /// Not a whole class: an override, which goes before what the class obeys.
    base::Audience audience{};
};
using PolicyVersionPointer = std::shared_ptr<const PolicyVersionRecord>;

/// What the version's form for a device class, its own or that for "any", was compiled from.
PolicySource source_of(const PolicyVersionRecord& version, const base::ClassName& device_class);

/// A staged version has reached all devices of its classes.
struct PolicyVersionReached {
    std::uint32_t task = 0;
    std::uint32_t version = 0;
};

/// An old version that is kept no longer.
struct PolicyVersionDropped {
    std::uint32_t task = 0;
    std::uint32_t version = 0;
};

inline constexpr std::uint32_t kWholeFleet = 10'000;  ///< permyriad
inline constexpr std::size_t kPolicyStepsMax = 8;
/// Of one task, withdrawn ones too while they count: for more, a label or a device class.
inline constexpr std::size_t kPolicyOverridesMax = 64;

/// One step of a staged policy. The devices of a step stay in all later ones.
struct PolicyStep {
    std::uint32_t permyriad = 0;  ///< share of the devices that obey it; 0: all only evaluate it
    base::Duration wait{0};       ///< until the next step; 0: a person resumes
    bool operator==(const PolicyStep&) const = default;
};

enum class PolicyRolloutStatus : std::uint8_t {
    kRunning = 1,
    kHalted = 2,    ///< goes no further until a person resumes or aborts it
    kFinished = 3,  ///< in force on all devices
    kAborted = 4,   ///< another version took its place
};
std::string_view to_string(PolicyRolloutStatus status);  ///< "running"

enum class PolicyHalt : std::uint8_t {
    kNone = 0,
    kDeadlineMisses = 1,
    kEscalations = 2,
    kEnergy = 3,
    kAlarm = 4,  ///< the learner's: tasks go wrong that the policy keeps local
    /// Nobody who was to prove it can obey it: no model of the task, or no form for their models.
    kOutOfReach = 5,
};
std::string_view to_string(PolicyHalt halt);  ///< "deadline-misses"

/// How far the newest policy of a task has come. One for each task, replaced by the next.
struct PolicyRolloutRecord {
    std::uint32_t task = 0;
    std::uint32_t version = 0;
    std::uint32_t baseline = 0;  ///< version it is compared with
    std::vector<PolicyStep> steps{};
    std::uint32_t step = 0;
    PolicyRolloutStatus status = PolicyRolloutStatus::kRunning;
    PolicyHalt halt = PolicyHalt::kNone;
    std::string actor{};
    base::WallTime started_at{};
    base::WallTime changed_at{};
    bool operator==(const PolicyRolloutRecord&) const = default;
};

/// What one side of a comparison did since the step began.
struct PolicyTally {
    std::uint64_t devices = 0;
    std::uint64_t decisions = 0;
    std::uint64_t escalations = 0;
    std::uint64_t late = 0;
    std::uint64_t energy_uj = 0;
    bool operator==(const PolicyTally&) const = default;
};

}  // namespace frugal::core
