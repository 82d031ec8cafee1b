// SPDX-License-Identifier: Apache-2.0
// A data set small enough to learn in a test: which third of twelve inputs is the brightest. Test
// code only.
#pragma once

#include <random>

#include "model/compress/network.hpp"

namespace frugal::test {

/// Three classes: which third of the inputs is the brightest.
inline model::Dataset thirds(std::size_t count, std::uint32_t seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(0, 1);
    model::Dataset data;
    data.inputs = model::Matrix(count, 12);
    for (std::size_t row = 0; row < count; ++row) {
        const auto label = static_cast<std::uint8_t>(random() % 3);
        for (std::size_t column = 0; column < 12; ++column) {
            const float level = uniform(random);
            data.inputs.at(row, column) =
                column / 4 == label ? 0.3F + 0.7F * level : (level < 0.5F ? 0.0F : level * 0.7F);
        }
        data.labels.push_back(label);
    }
    return data;
}

}  // namespace frugal::test
