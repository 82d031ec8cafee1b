// SPDX-License-Identifier: Apache-2.0
// The runtime's refusal in words: which operator, which tensor, what is missing. Inside this folder
// and gateway/inference. Pure.
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "frugal/runtime.h"

namespace frugal::model {

/// E.g. "CONV_2D version 1 (operator 0): FLOAT32 is not built in for tensor 3".
std::string describe_refusal(const fr_model_problem_t& problem);

/// Why the runtime did not open the bytes, told alike by every command: what read_model() has
/// against them, for it names the damaged table and field; else the runtime's own words.
base::Error explain_refusal(base::ByteView bytes, fr_status_t status,
                            const fr_model_problem_t& problem);

}  // namespace frugal::model
