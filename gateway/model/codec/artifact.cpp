// SPDX-License-Identifier: Apache-2.0
#include "model/codec/artifact.hpp"

#include <algorithm>
#include <string>

#include "frugal/sha256.h"

namespace frugal::model {

using base::ErrorKind;
using base::fail;
using base::Result;

Result<Artifact> build_artifact(base::ByteView payload, std::uint32_t block_bytes) {
    Artifact artifact;
    const std::size_t capped = std::min<std::size_t>(payload.size(), UINT32_MAX / 2);
    if (fr_artifact_layout_of_payload(static_cast<std::uint32_t>(capped), block_bytes,
                                      &artifact.layout) != FR_OK) {
        return fail(ErrorKind::kLimit,
                    "artifact: a payload of " + std::to_string(payload.size()) +
                        " bytes in blocks of " + std::to_string(block_bytes),
                    "blocks are powers of two from " + std::to_string(FR_BLOCK_SIZE_MIN) + " to " +
                        std::to_string(FR_BLOCK_SIZE_MAX) + " bytes, an artifact has at most " +
                        std::to_string(FR_ARTIFACT_SIZE_MAX),
                    "choose another block size or a smaller model");
    }
    const fr_artifact_layout_t& layout = artifact.layout;
    artifact.bytes.assign(layout.list_bytes, 0);
    artifact.bytes.insert(artifact.bytes.end(), payload.begin(), payload.end());
    const std::uint32_t entries = layout.list_bytes / FR_BLOCK_DIGEST_SIZE;
    for (std::uint32_t index = 0; index < entries; ++index) {
        const std::uint32_t list_part = fr_artifact_list_part(&layout, index);
        const std::uint32_t size = fr_artifact_block_bytes(&layout, index);
        const std::size_t begin = static_cast<std::size_t>(index) * block_bytes + list_part;
        base::Digest digest;
        fr_sha256(artifact.bytes.data() + begin, size - list_part, digest.data());
        std::copy_n(digest.begin(), FR_BLOCK_DIGEST_SIZE,
                    artifact.bytes.begin() + fr_artifact_entry_offset(index));
    }
    fr_sha256(artifact.bytes.data(), layout.first_bytes, artifact.list_digest.data());
    fr_sha256(artifact.bytes.data(), artifact.bytes.size(), artifact.digest.data());
    return artifact;
}

}  // namespace frugal::model
