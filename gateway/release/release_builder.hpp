// SPDX-License-Identifier: Apache-2.0
// From model files (.tflite, Bonsai) to a release the core can import: reads and checks each model,
// runs it for its self-test vectors, packs it, cuts it into blocks and signs a manifest for it.
// Pure but for the signature's randomness; slow, so it runs on a worker thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/admin.hpp"
#include "crypto/release_key.hpp"

namespace frugal::release {

struct VariantSource {
    base::ClassName device_class;          ///< "any" fits all
    base::Bytes tflite;                    ///< or a Bonsai tree
    std::uint32_t accuracy_permyriad = 0;  ///< on the author's test set; 0: not stated
};

/// A model that devices of a class run; the builder makes a delta against it where that pays.
struct DeltaSource {
    base::ClassName device_class;
    base::Digest digest{};
    base::Bytes tflite;  ///< or a Bonsai tree
};

struct ReleaseSource {
    base::ModelName model;
    std::uint32_t release = 0;  ///< from core::PlanRelease
    std::uint32_t counter = 0;
    std::uint32_t task = 0;
    std::vector<VariantSource> variants;
    std::vector<DeltaSource> bases{};
    std::vector<std::string> labels{};  ///< the task's classes; empty: any
};

/// Builds and signs. kInvalidInput for a file that is no model, kConflict for one of another number
/// of classes than there are labels, kUnsupported for one the device
/// runtime cannot run (naming what is missing), kLimit for one too large, kInternal if OpenSSL
/// fails.
base::Result<core::ImportRelease> build_release(const ReleaseSource& source,
                                                const crypto::ReleaseKey& key);

/// Signs the manifests of an earlier release anew, with the plan's numbers: the permit to go back.
base::Result<core::ImportRelease> build_permit(const core::RollbackPlan& plan,
                                               const crypto::ReleaseKey& key);

}  // namespace frugal::release
