// SPDX-License-Identifier: Apache-2.0
// Whether a release fits a device, found out before a byte travels: which variant and which
// artifact to offer, or the reason why none. Pure functions of what the device said about itself.
#pragma once

#include <variant>

#include "core/record.hpp"

namespace frugal::core {

/// The variant a device class gets: its own, else the one for "any"; null if neither exists.
const VariantRecord* variant_for(const ReleaseRecord& release, const base::ClassName& name);

struct Misfit {
    Reason reason = Reason::kNone;
    std::uint32_t detail = 0;  ///< operator code * 256 + version, or bytes needed
    bool operator==(const Misfit&) const = default;
};

struct Fit {
    const VariantRecord* variant = nullptr;
    const ArtifactRecord* artifact = nullptr;
    bool is_on_device = false;  ///< a slot holds the model already: no bytes travel
};

/// `reported` is what the device says about the release's task; null if nothing. Of the encodings
/// the device can decode it is the smallest; a delta counts when the device runs its base, unless
/// `without_deltas`.
std::variant<Fit, Misfit> fit_release(const ReleaseRecord& release, const Capability& capability,
                                      const TaskState* reported, bool without_deltas = false);

}  // namespace frugal::core
