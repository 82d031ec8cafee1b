// SPDX-License-Identifier: Apache-2.0
// Stage "round-scales": weight scales of an int8 model with fewer bits of mantissa, so that they
// take about a byte each; the int8 weights stay, biases are expressed in the new scales. Pure
// function, any thread.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::model {

struct RoundScalesOptions {
    int mantissa_bits = 7;
};

/// The nearest float with so many bits of mantissa after the leading one.
float round_mantissa(float value, int bits);

/// Fails with kInvalidInput for bytes that are no .tflite.
base::Result<base::Bytes> round_scales(base::Bytes file, const RoundScalesOptions& options);

}  // namespace frugal::model
