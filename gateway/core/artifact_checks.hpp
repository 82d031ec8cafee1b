// SPDX-License-Identifier: Apache-2.0
// Private to Catalogue: what must hold of an artifact before a release may name it. Pure.
#pragma once

#include <algorithm>
#include <vector>

#include "core/record.hpp"
#include "frugal/limits.h"

namespace frugal::core {

inline bool has_blob(const std::vector<BlobRecord>& blobs, const base::Digest& digest) {
    return std::ranges::any_of(blobs, [&](const BlobRecord& blob) {
        return blob.digest == digest && blob.bytes != nullptr;
    });
}

inline bool is_valid_artifact(const ArtifactRecord& artifact) {
    return artifact.size_bytes >= 1 && artifact.size_bytes <= FR_ARTIFACT_SIZE_MAX &&
           artifact.block_bytes >= FR_BLOCK_SIZE_MIN && artifact.block_bytes <= FR_BLOCK_SIZE_MAX;
}

}  // namespace frugal::core
