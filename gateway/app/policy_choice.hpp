// SPDX-License-Identifier: Apache-2.0
// Which version of a task's policy to go back to. Pure functions, any thread. Never signs or sets.
#pragma once

#include <optional>

#include "base/result.hpp"
#include "core/admin.hpp"
#include "wire/entity_tag.hpp"

namespace frugal::app {

base::Error no_such_version(const std::string& what);
const core::PolicyVersionRecord* find_version(const core::PolicyHistory& history,
                                              std::uint32_t version);

/// The newest version that is older than the content in force, was itself in force on all devices,
/// and says something else for the same device classes; null if there is none. Going back to it,
/// again and again, never meets a version twice. Of an override: the newest one before it.
const core::PolicyVersionRecord* version_before(const core::PolicyHistory& history,
                                                const base::Audience& audience = {});

/// The version `to`, or the one before. kNotFound; kInvalidInput if it ended an override, or was
/// one while whole classes are to go back.
base::Result<const core::PolicyVersionRecord*> version_to_revert(const core::PolicyHistory& history,
                                                                 std::optional<std::uint32_t> to,
                                                                 const base::Audience& audience);

/// The newest version that a person set for this audience, on its way ones too; null if there is
/// none. What is learned since goes by its text.
const core::PolicyVersionRecord* newest_set(const core::PolicyHistory& history,
                                            const base::Audience& audience);

/// That nobody set another version for the audience since the one that the caller has seen: the
/// newest, or one learned since. kConflict, with the remedy.
base::Result<void> check_seen(const core::PolicyHistory& history, const base::Audience& audience,
                              const wire::IfMatch& seen);

/// What the named device is to obey, or, for a label, what is set for it; for a whole class, and
/// where nothing else is known, the newest version in force. Null if there is none.
const core::PolicyVersionRecord* version_obeyed(const core::PolicyHistory& history,
                                                const base::Audience& audience,
                                                const std::optional<core::DeviceView>& device);

/// The part of a version for this device; null if it has none, or is for others.
const core::PolicyPart* part_of(const core::PolicyVersionRecord& version,
                                const core::DeviceView& device);

/// The form of this version that a decision of a release's model went by; null if none is known:
/// the device runs another model by now, or none was made for its.
struct ReleaseOfTask {
    std::uint32_t task = 0;
    std::uint32_t release = 0;  ///< counter of the model's manifest, as decisions name it
};
core::SignedPointer form_obeyed(const core::PolicyVersionRecord& version,
                                const core::DeviceView& device, const ReleaseOfTask& decided);

/// What the device probably obeyed at that time, by what is kept: of the versions with a part for
/// it that were set before, the newest of the most specific kind (its own, its label's, its
/// class's). What ended an own one counts while it is the newest; one that never reached all
/// devices counts only if the device says that it obeys it. Null if none is known.
struct TaskMoment {
    std::uint32_t task = 0;
    base::WallTime at{};
};
const core::PolicyVersionRecord* version_likely(const core::PolicyHistory& history,
                                                const core::DeviceView& device,
                                                const TaskMoment& moment);

/// What a pin for this audience is added to. kConflict for a label whose classes obey different
/// texts, or those of different releases: one version has one. Null if nothing is known.
base::Result<const core::PolicyVersionRecord*> version_to_pin(
    const core::PolicyHistory& history, const base::Audience& audience,
    const std::optional<core::DeviceView>& device);

/// Says where the part's content comes from, if that is not the version's own text: out of `from`,
/// which is null for a version that is not kept.
void name_source(const core::PolicyVersionRecord& version, core::PolicyPart& part,
                 const core::PolicyVersionRecord* from);

/// What all device classes obey, but for overrides and a version on its way, as one version: its
/// parts are to be signed again under one number. Number, text and release are those of the newest
/// one it consists of; a part from another one names its own. Without parts if nothing is in force.
core::PolicyVersionRecord all_in_force(const core::TaskList& tasks,
                                       const core::PolicyHistory& history);

}  // namespace frugal::app
