// SPDX-License-Identifier: Apache-2.0
// The zeroth-order entropy of bytes: what they would take coded one by one, with a code that costs
// nothing to tell. A bound that reports print beside what the codec needs. Pure function, any
// thread.
#pragma once

#include "base/bytes.hpp"

namespace frugal::model {

/// In bytes, before rounding; 0 for no bytes.
double entropy_bytes(base::ByteView bytes);

}  // namespace frugal::model
