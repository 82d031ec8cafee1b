// SPDX-License-Identifier: Apache-2.0
// Normally distributed values. Test code only.
#pragma once

#include <random>

#include "model/compress/matrix.hpp"

namespace frugal::test {

inline model::Matrix random_matrix(std::size_t rows, std::size_t columns, std::mt19937& random) {
    std::normal_distribution<float> normal;
    model::Matrix matrix(rows, columns);
    for (float& value : matrix.values) {
        value = normal(random);
    }
    return matrix;
}

}  // namespace frugal::test
