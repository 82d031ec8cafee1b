// SPDX-License-Identifier: Apache-2.0
// Who runs each operator of a model as it stands there, with its types and options: the runtime
// says so only of the first one it refuses. Runs the kernels' own checks and nothing else; pure,
// any thread.
#pragma once

#include <vector>

#include "base/bytes.hpp"

namespace frugal::inference {

struct OperatorSupport {
    bool on_device = false;
    bool on_gateway = false;
};

/// By the operators' places in the main subgraph; empty for a file whose tensors or operators
/// cannot be read so far.
std::vector<OperatorSupport> operator_support(base::ByteView model);

}  // namespace frugal::inference
