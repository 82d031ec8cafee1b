// SPDX-License-Identifier: Apache-2.0
// Every model of a release goes through a confined child before the daemon reads it: variants, and
// what an author sent along as the base of deltas. Blocks; on a worker thread.
#pragma once

#include "app/sandbox/model_trial.hpp"
#include "release/release_builder.hpp"
#include "release/verified_bundle.hpp"

namespace frugal::app {

/// An upload. The error names the variant; errors of ModelTrial::run().
base::Result<void> try_release(const ModelTrial& trial, const release::ReleaseSource& source);

/// A bundle: that an author signed it does not make its bytes harmless. The error names the variant
/// or the base; errors of ModelTrial::run(), kInvalidInput for a variant without its model.
base::Result<void> try_bundle(const ModelTrial& trial, const release::VerifiedBundle& bundle);

}  // namespace frugal::app
