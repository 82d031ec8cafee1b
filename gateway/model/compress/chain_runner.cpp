// SPDX-License-Identifier: Apache-2.0
#include "model/compress/chain_runner.hpp"

namespace frugal::model {

ChainRunner::ChainRunner(const Chain& chain) : chain_(chain) {
    for (const ChainStep& step : chain.steps) {
        weights_.push_back(transposed(step.weights));
        runs_.emplace_back(step);
    }
}

const Matrix& ChainRunner::run(const Matrix& inputs) {
    const Matrix* values = &inputs;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        runs_[i].forward(*values, weights_[i], chain_.steps[i].bias);
        values = &runs_[i].output;
    }
    return *values;
}

}  // namespace frugal::model
