// SPDX-License-Identifier: Apache-2.0
// Running a Bonsai container on raw bytes, on the device's own code. Pure function; any thread. It
// never writes the input anywhere.
#pragma once

#include "inference/run_model.hpp"

namespace frugal::inference {

/// Outputs are the scores (12 fraction bits), the class, and its confidence in 1/256. The inputs of
/// any number of inferences may follow each other.
/// Fails like model::open_bonsai(), and with kInvalidInput for a wrong input size.
base::Result<RunOutput> run_bonsai(base::ByteView model, base::ByteView input);

}  // namespace frugal::inference
