// SPDX-License-Identifier: Apache-2.0
// What may be asked of the core about policies, and what it answers; alternatives of AdminCommand
// and AdminReply (core/admin.hpp). Plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/offload/learning.hpp"
#include "core/offload/policy_version.hpp"

namespace frugal::core {

// Changes -------------------------------------------------------------------------------------

/// A new version of a task's policy. Its number must be TaskList::next_policy or higher and be the
/// id within its signed parts. Without steps it is in force at once, and so is a device class's
/// first policy; digest, actor and time are filled in. Ends a staged policy under way, whose
/// devices take no older one back: it must have a part for each of their classes.
/// A version for a label or a device is an override: in force at once, whatever else is on its way,
/// for as many of its parts' classes as such devices have. One of origin kWithdrawn ends it; its
/// parts hold what the devices obey without.
struct SetPolicy {
    PolicyVersionRecord version;
    std::vector<PolicyStep> steps{};  ///< at most kPolicyStepsMax, the last for the whole fleet
    std::vector<LearningRecord> learned{};  ///< what it comes of; stored in the same transaction
    bool needs_every_class = false;  ///< of an override: refused if it has no part for a class
    bool is_trial = false;           ///< everything is checked, nothing is changed
    bool asks_use = false;           ///< the answer tells who runs the version's release
};

/// The next step now, also of a halted one.
struct ResumePolicyRollout {
    std::uint32_t task = 0;
};

// Questions -----------------------------------------------------------------------------------

struct ListPolicyVersions {
    std::uint32_t task = 0;
    base::Audience audience{};  ///< whose PolicyHistory::obeyed is wanted too
};
struct GetPolicyRollout {
    std::uint32_t task = 0;
};

// Answers -------------------------------------------------------------------------------------

/// Of the devices a version is for, in service, and with a model of its task: all, and those that
/// run a model of the release it was made for.
struct ReleaseUse {
    std::string release{};  ///< "fashion@2"
    std::uint32_t devices = 0;
    std::uint32_t on_release = 0;
};

struct PolicySet {
    std::uint32_t task = 0;
    std::uint32_t version = 0;
    bool is_staged = false;
    std::vector<base::ClassName> left_out{};  ///< of an override's devices: it has no part for them
    std::optional<ReleaseUse> use{};          ///< if asked, and the release is known
};

/// An override that its devices obey, or obeyed and have had nothing newer since.
struct PolicyOverride {
    base::Audience audience;
    base::ClassName device_class;
    std::uint32_t version = 0;
    bool is_withdrawn = false;
    std::uint32_t below = 0;     ///< version that its devices obey without it; 0: none
    SignedPointer below_blob{};  ///< of that version, the class's part
};

/// What a class's devices of one label, or one device, obey, but for what is more specific; if an
/// override of theirs has ended, the version below it.
struct PolicyObeyed {
    base::ClassName device_class;
    std::uint32_t version = 0;
    bool operator==(const PolicyObeyed&) const = default;
};

struct PolicyHistory {
    std::uint32_t task = 0;
    std::vector<PolicyVersionPointer> versions{};  ///< newest first; immutable
    std::vector<std::uint32_t> in_force{};         ///< ascending: of any whole device class
    std::uint32_t candidate = 0;                   ///< under way to the devices; 0: none
    std::vector<PolicyOverride> overrides{};       ///< by device class and audience
    /// By device class; empty unless asked for, and if no device can have a policy of its own.
    std::vector<PolicyObeyed> obeyed{};
};

struct PolicyRolloutView {
    PolicyRolloutRecord record;
    PolicyTally candidate{};  ///< devices that obey it, or what was learned of it since
    PolicyTally baseline{};   ///< the others it is for
    std::optional<base::Duration> next_step_in{};
    bool waits_for_decisions = false;  ///< the step's time is over; too few were compared
    std::uint32_t told = 0;            ///< devices that reported it, in force or in shadow
    std::uint32_t overridden = 0;      ///< that a policy of their own keeps out
    /// That it is for and that do not obey it, nor can: without a model of the task, or with one
    /// that no form can be made for.
    std::uint32_t unable = 0;
    std::uint64_t shadow_answers = 0;             ///< would-be answers in the shadow, all devices
    std::uint64_t shadow_differs = 0;             ///< of them with another tier
    std::vector<std::uint64_t> shadow_reasons{};  ///< by PolicyReason
};

}  // namespace frugal::core
