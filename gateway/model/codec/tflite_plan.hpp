// SPDX-License-Identifier: Apache-2.0
// Tells the encoder where the tensors of a .tflite file are. Pure function, any thread. It never
// fails: a file the reader refuses gets an empty plan and is coded as bytes.
#pragma once

#include "base/bytes.hpp"
#include "model/codec/segment_plan.hpp"
#include "model/tflite/summary.hpp"

namespace frugal::model {

/// Reads the file and plans by its summary.
SegmentPlan plan_of_tflite(base::ByteView file);

/// Plans a file by a summary made before. Weights, biases and float tensors come from the summary;
/// vectors of scales and their bounds are found by their values.
SegmentPlan plan_of_tflite(base::ByteView file, const ModelSummary& summary);

}  // namespace frugal::model
