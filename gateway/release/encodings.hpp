// SPDX-License-Identifier: Apache-2.0
// Every encoding of a variant that devices may ask for: each profile in full, and deltas where they
// pay, cut for every block size. Needs no key: the signature covers the decoded model (D29). Pure;
// slow, so on a worker thread.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "core/admin.hpp"
#include "release/release_builder.hpp"

namespace frugal::release {

/// Artifacts of a variant, and the bytes of each.
struct Encodings {
    std::vector<core::ArtifactRecord> artifacts{};
    std::vector<core::BlobRecord> blobs{};
};

/// Deltas of a variant that is released already, for each profile it has in full and where they
/// pay; empty where none does. `tflite`: the model its manifest names. Errors of the codec.
base::Result<Encodings> encode_deltas(const core::VariantRecord& variant, base::ByteView tflite,
                                      const DeltaSource& base);

/// Adds the variant, its artifacts and their bytes to the import. kLimit, kInternal of the codec.
base::Result<void> add_variant(core::ImportRelease& import, core::ManifestPointer manifest,
                               const VariantSource& variant, const std::vector<DeltaSource>& bases);

}  // namespace frugal::release
