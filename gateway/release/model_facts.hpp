// SPDX-License-Identifier: Apache-2.0
// What a manifest states about a model, found by reading and running it, and the check that a
// manifest somebody else signed states the same. Pure; runs the model, so on a worker thread.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "core/signed_blob.hpp"

namespace frugal::release {

/// Fills digest, sizes, operators, shapes, runtime and self-tests of `content`. kInvalidInput for a
/// file that is no model, kUnsupported for one the device runtime cannot run (naming what is
/// missing).
base::Result<void> state_facts(core::ManifestContent& content, const base::Bytes& file);

/// kInvalidInput, naming the fact and both values, if the manifest states what this model is not,
/// or if a self-test does not give the stated output; kUnsupported if the model does not run here.
/// An arena larger than needed is allowed: it promises no less.
base::Result<void> check_facts(const core::ManifestContent& content, const base::Bytes& file);

/// kConflict unless the model tells as many classes apart as there are labels. No labels: any model
/// will do.
base::Result<void> check_classes(const core::ManifestContent& content,
                                 const std::vector<std::string>& labels);

}  // namespace frugal::release
