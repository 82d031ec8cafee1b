// SPDX-License-Identifier: Apache-2.0
#include "model/compress/adam.hpp"

#include <cmath>

namespace frugal::model {

namespace {
constexpr double kMomentum = 0.9;
constexpr double kVelocity = 0.999;
constexpr float kTiny = 1e-8F;
}  // namespace

void Adam::step(std::vector<float>& values, const std::vector<float>& gradient, double rate) {
    age_ += 1;
    const auto step = static_cast<float>(rate / (1 - std::pow(kMomentum, age_)));
    const auto correction = static_cast<float>(1 / std::sqrt(1 - std::pow(kVelocity, age_)));
    for (std::size_t i = 0; i < values.size(); ++i) {
        first_[i] += static_cast<float>(1 - kMomentum) * (gradient[i] - first_[i]);
        second_[i] += static_cast<float>(1 - kVelocity) * (gradient[i] * gradient[i] - second_[i]);
        values[i] -= step * first_[i] / (std::sqrt(second_[i]) * correction + kTiny);
    }
}

}  // namespace frugal::model
