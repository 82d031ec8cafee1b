// SPDX-License-Identifier: Apache-2.0
// Runs a chain over many inputs at once, as a teacher does. Owned by its caller, which keeps the
// chain alive; one thread.
#pragma once

#include <vector>

#include "model/compress/chain.hpp"
#include "model/compress/step_run.hpp"

namespace frugal::model {

class ChainRunner {
public:
    explicit ChainRunner(const Chain& chain);

    /// Logits of the inputs, one a row; stay until the next run.
    const Matrix& run(const Matrix& inputs);

private:
    const Chain& chain_;
    std::vector<Matrix> weights_;  ///< with a row for each input
    std::vector<StepRun> runs_;
};

}  // namespace frugal::model
