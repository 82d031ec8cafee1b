// SPDX-License-Identifier: Apache-2.0
// The author's half of a release bundle: signs manifests for models and the statement about them,
// and permits to go back. Runs on any workstation, needs no gateway. Pure but for the signatures'
// randomness.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "release/release_builder.hpp"
#include "release/verified_bundle.hpp"
#include "wire/bundle.hpp"

namespace frugal::release {

struct BundleSource {
    ReleaseSource release;
    std::vector<wire::Provenance> provenance;  ///< one for each variant of the release
    std::optional<base::Digest> data_digest{};
    std::string task_name{};
    std::vector<std::string> labels{};
    std::string note{};
    std::string tool{};
};

/// A whole bundle file. kConflict for labels that are not as many as a variant's classes;
/// kInvalidInput (also for variants of one class that nobody could choose
/// between), kUnsupported, kLimit as build_release().
base::Result<base::Bytes> build_bundle(const BundleSource& source, const crypto::ReleaseKey& key);

/// The numbers a permit gives an earlier release, from the gateway's refusal to roll back.
struct PermitNumbers {
    std::uint32_t release = 0;
    std::uint32_t counter = 0;
};

/// The earlier bundle's manifests signed anew with higher numbers, without models. kInvalidInput
/// if the numbers are not above the earlier ones, or if that is a permit itself.
base::Result<base::Bytes> build_permit_bundle(const VerifiedBundle& earlier, PermitNumbers numbers,
                                              const crypto::ReleaseKey& key);

}  // namespace frugal::release
