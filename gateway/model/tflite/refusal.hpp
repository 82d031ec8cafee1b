// SPDX-License-Identifier: Apache-2.0
// The runtime's refusal in words: which operator, which tensor, what is missing. Inside this folder
// and gateway/inference. Pure.
#pragma once

#include <string>

#include "frugal/runtime.h"

namespace frugal::model {

/// E.g. "CONV_2D version 1 (operator 0): FLOAT32 is not built in for tensor 3".
std::string describe_refusal(const fr_model_problem_t& problem);

}  // namespace frugal::model
