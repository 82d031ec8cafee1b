// SPDX-License-Identifier: Apache-2.0
// The gateway's half of a release bundle: whether this site can take it, whether its manifests say
// what its models are, and its encodings (D29: they need no signature). Never needs the release
// key. Pure; import_bundle() runs and encodes models, so on a worker thread.
#pragma once

#include <optional>
#include <vector>

#include "base/result.hpp"
#include "core/admin.hpp"
#include "release/release_builder.hpp"
#include "release/verified_bundle.hpp"

namespace frugal::release {

/// Against what the site has: kNotFound for a task it does not know (null), kConflict for one that
/// is defined otherwise or for numbers not above its own, kInvalidInput for a permit.
base::Result<void> check_site(const VerifiedBundle& bundle, const core::TaskRecord* task,
                              const core::ReleasePlan& plan);

/// The release this very bundle became when it was imported before; none if it never was.
std::optional<core::ReleaseImported> imported_before(const VerifiedBundle& bundle,
                                                     const core::ModelList& site);

/// Whether every manifest holds for its model. kInvalidInput, kUnsupported: see check_facts().
base::Result<void> check_models(const VerifiedBundle& bundle);

/// Checks and encodes the models; `bases` are what the fleet runs. Errors of check_models().
base::Result<core::ImportRelease> import_bundle(const VerifiedBundle& bundle,
                                                const std::vector<DeltaSource>& bases);

/// The author's permit for a rollback the core planned. kInvalidInput if the bundle is no permit;
/// kConflict, naming the numbers wanted, if it permits something else.
base::Result<core::ImportRelease> import_permit(const VerifiedBundle& bundle,
                                                const core::RollbackPlan& plan);

}  // namespace frugal::release
