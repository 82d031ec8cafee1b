// SPDX-License-Identifier: Apache-2.0
// Builds artifacts, the bytes that travel (proto/ARTIFACT.md). Pure functions, any thread.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "frugal/artifact.h"

namespace frugal::model {

struct Artifact {
    base::Bytes bytes;  ///< list || payload
    fr_artifact_layout_t layout{};
    base::Digest digest{};       ///< SHA-256 of all bytes
    base::Digest list_digest{};  ///< SHA-256 of the list, or of all where there is none
};

/// Puts the block list in front of a payload.
/// @return kLimit when the block size is not a power of two between FR_BLOCK_SIZE_MIN and
///         FR_BLOCK_SIZE_MAX, the payload is empty, or the artifact exceeds FR_ARTIFACT_SIZE_MAX.
base::Result<Artifact> build_artifact(base::ByteView payload, std::uint32_t block_bytes);

}  // namespace frugal::model
