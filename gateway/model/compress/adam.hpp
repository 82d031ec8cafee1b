// SPDX-License-Identifier: Apache-2.0
// Adam (Kingma, Ba 2015) over one vector of parameters, with the paper's constants. Owned by what
// it trains; one thread.
#pragma once

#include <cstddef>
#include <vector>

namespace frugal::model {

class Adam {
public:
    explicit Adam(std::size_t size) : first_(size), second_(size) {}

    /// One step down the gradient, as long as the parameters.
    void step(std::vector<float>& values, const std::vector<float>& gradient, double rate);

private:
    std::vector<float> first_;
    std::vector<float> second_;
    double age_ = 0;
};

}  // namespace frugal::model
