// SPDX-License-Identifier: Apache-2.0
// A small int8 network for the tests of the stages: convolution, depthwise convolution, dense and
// softmax over random weights, and random inputs for it. Test code only.
#pragma once

#include <random>

#include "base/bytes.hpp"
#include "unit/device_runtime/run_support.hpp"

namespace frugal::test {

inline std::vector<int> random_levels(std::size_t count, std::mt19937& random) {
    std::vector<int> levels(count);
    for (int& level : levels) {
        level = static_cast<int>(random() % 255) - 127;
    }
    return levels;
}

inline ModelSpec small_network(std::uint32_t seed = 1) {
    std::mt19937 random(seed);
    std::vector<float> scales(8);
    std::vector<float> bias_scales(8);
    for (std::size_t i = 0; i < scales.size(); ++i) {
        scales[i] = 0.002F * static_cast<float>(i + 4);
        bias_scales[i] = 0.05F * scales[i];
    }
    ModelSpec spec;
    spec.tensors = {activation({1, 8, 6, 2}, 0.05F, -10),
                    weights({8, 3, 3, 2}, random_levels(144, random), scales),
                    bias({10, -20, 30, 0, 5, 7, -400, 900}, 0),
                    activation({1, 8, 6, 8}, 0.1F, -128),
                    weights({1, 3, 3, 8}, random_levels(72, random), scales, 3),
                    activation({1, 4, 3, 8}, 0.1F, -128),
                    activation({1, 96}, 0.1F, -128),
                    weights({5, 96}, random_levels(480, random), {0.004F}),
                    activation({1, 5}, 0.5F, 3),
                    activation({1, 5}, 1.0F / 256, -128)};
    spec.tensors[2].scales = bias_scales;
    spec.tensors[2].zero_points.assign(8, 0);
    spec.operators = {
        {3, 3, {0, 1, 2}, {3}, 1, {{0, 1, 0}, {1, 4, 1}, {2, 4, 1}, {3, 1, 1}}, ""},
        {4, 3, {3, 4, -1}, {5}, 2, {{0, 1, 0}, {1, 4, 2}, {2, 4, 2}, {3, 4, 1}, {4, 1, 1}}, ""},
        {22, 1, {5}, {6}, 0, {}, ""},
        {9, 4, {6, 7, -1}, {8}, 8, {{0, 1, 0}}, ""},
        {25, 2, {8}, {9}, 9, {{0, 4, float_bits(1.0F)}}, ""}};
    spec.inputs = {0};
    spec.outputs = {9};
    return spec;
}

inline std::vector<base::Bytes> random_inputs(std::size_t count, std::size_t size,
                                              std::uint32_t seed = 7) {
    std::mt19937 random(seed);
    std::vector<base::Bytes> inputs(count, base::Bytes(size));
    for (base::Bytes& input : inputs) {
        for (std::uint8_t& byte : input) {
            byte = static_cast<std::uint8_t>(random());
        }
    }
    return inputs;
}

}  // namespace frugal::test
