// SPDX-License-Identifier: Apache-2.0
// All that an import reads in a model beside running it: where its tensors are, and what it would
// be without what no interpreter reads. The confined child that tries a stranger's model calls the
// very functions that the daemon calls afterwards. Pure, any thread.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "model/codec/segment_plan.hpp"

namespace frugal::release {

struct ModelParts {
    model::SegmentPlan plan;
    std::uint32_t stripped_bytes = 0;  ///< 0: the file cannot be rewritten
};

/// Never fails: what cannot be read is coded as bytes.
ModelParts read_parts(base::ByteView file);

/// The same for a file that must be a model, though this runtime need not run it: the base of a
/// delta. kInvalidInput, kUnsupported of the reader.
base::Result<ModelParts> read_base(base::ByteView file);

}  // namespace frugal::release
