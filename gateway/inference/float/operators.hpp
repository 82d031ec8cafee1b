// SPDX-License-Identifier: Apache-2.0
// The gateway's operators: everything a device may have, and float32 kernels for the same operators
// and a few more. Quantized calls go to the device's own kernel, so the gateway's answers stay the
// device's, bit for bit. Constant; any thread.
#pragma once

#include "frugal/operators.h"

namespace frugal::inference {

const fr_operator_set_t& gateway_operators();

}  // namespace frugal::inference
