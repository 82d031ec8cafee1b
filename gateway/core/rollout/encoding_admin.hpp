// SPDX-License-Identifier: Apache-2.0
// What may be asked of the core about the encodings of releases, and what it answers; alternatives
// of AdminCommand and AdminReply (core/admin.hpp). Plain values.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/record.hpp"

namespace frugal::core {

/// Models that one variant may have deltas against, over its whole life; the commonest come first.
inline constexpr std::size_t kDeltaBasesMax = 16;

/// A model that devices of a class run now: worth a delta.
struct DeltaBase {
    base::ClassName device_class;
    base::Digest model_digest{};
    std::uint32_t devices = 0;
};

/// Which deltas the devices of a coming rollout could use and a release does not have yet.
struct PlanEncodings {
    base::ModelName model;
    std::uint32_t release = 0;
    std::optional<std::vector<base::DeviceId>> devices{};  ///< absent: all
};

struct MissingDelta {
    std::uint32_t variant = 0;  ///< its place in the release
    base::Digest base{};        ///< a released model that devices run
    std::uint32_t devices = 0;
};

struct EncodingPlan {
    std::shared_ptr<const ReleaseRecord> release{};
    std::vector<MissingDelta> missing{};  ///< by variant, the commonest first
};

/// Encodings of one variant, which stand behind those it has. One it has already is left out.
struct VariantEncodings {
    std::uint32_t variant = 0;    ///< its place in the release
    base::Digest model_digest{};  ///< of what they decode to
    std::vector<ArtifactRecord> artifacts{};
};

/// Adds encodings to a release, which its signature does not cover (D29). All or none of them:
/// kNotFound, kInvalidInput, kLimit; kConflict if the release holds other models than those they
/// were made of. Devices that pull another encoding go on with it.
struct AddEncodings {
    base::ModelName model;
    std::uint32_t release = 0;
    std::vector<VariantEncodings> variants{};
    std::vector<BlobRecord> blobs{};  ///< of every artifact
};

}  // namespace frugal::core
