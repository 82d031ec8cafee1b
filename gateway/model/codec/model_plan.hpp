// SPDX-License-Identifier: Apache-2.0
// Tells the encoder where the tensors of a model file are, whichever form it has. Pure function,
// any thread. It never fails: a file no reader takes gets an empty plan and is coded as bytes.
#pragma once

#include "base/bytes.hpp"
#include "model/codec/segment_plan.hpp"

namespace frugal::model {

/// A .tflite by plan_of_tflite(); a Bonsai tree by its dense parts: branches, gates and scores.
SegmentPlan plan_of_model(base::ByteView file);

}  // namespace frugal::model
