// SPDX-License-Identifier: Apache-2.0
// One small model that uses every operator the runtime has. Test code only.
#pragma once

#include "unit/device_runtime/model_builder.hpp"

namespace frugal::test {

/// A model with every operator built in.
inline ModelSpec every_operator() {
    auto noise = [](std::size_t count) {
        std::vector<int> values(count);
        for (std::size_t i = 0; i < count; ++i) {
            values[i] = static_cast<int>(i * 7 % 19) - 9;
        }
        return values;
    };
    ModelSpec spec;
    auto window = [](std::uint16_t fused) {
        return std::vector<OptionSpec>{{0, 1, 0}, {1, 4, 1}, {2, 4, 1}, {fused, 1, 1}};
    };
    std::vector<OptionSpec> pool = {{0, 1, 1}, {1, 4, 2}, {2, 4, 2},
                                    {3, 4, 2}, {4, 4, 2}, {5, 1, 0}};
    spec.tensors = {{{1, 4, 4, 1}, kFloat32, {}, {}, 0, {}, "in"},            // 0
                    activation({1, 4, 4, 1}, 0.1f, 1),                        // 1
                    weights({3, 3, 3, 1}, noise(27), {0.1f, 0.2f, 0.3f}),     // 2
                    bias({1, 2, 3}, 0.1f),                                    // 3
                    activation({1, 4, 4, 3}, 0.2f, -5),                       // 4
                    weights({1, 2, 2, 3}, noise(12), {0.1f, 0.1f, 0.2f}, 3),  // 5
                    activation({1, 4, 4, 3}, 0.2f, -5),                       // 6
                    activation({1, 4, 4, 3}, 0.3f, 0),                        // 7
                    activation({1, 2, 2, 3}, 0.3f, 0),                        // 8
                    activation({1, 1, 1, 3}, 0.3f, 0),                        // 9
                    activation({1, 3}, 0.3f, 0),                              // 10
                    weights({4, 3}, noise(12), {0.1f}),                       // 11
                    activation({1, 4}, 0.1f, 0),                              // 12
                    activation({1, 4}, 1.0f / 256, -128),                     // 13
                    {{1, 4}, kFloat32, {}, {}, 0, {}, "out"}};                // 14
    spec.operators = {{114, 1, {0}, {1}, 0, {}, ""},
                      {3, 3, {1, 2, 3}, {4}, 1, window(3), ""},
                      {4, 3, {4, 5, -1}, {6}, 2, window(4), ""},
                      {0, 2, {4, 6}, {7}, 11, {{0, 1, 0}}, ""},
                      {17, 2, {7}, {8}, 5, pool, ""},
                      {1, 2, {8}, {9}, 5, pool, ""},
                      {22, 1, {9}, {10}, 17, {}, ""},
                      {9, 4, {10, 11, -1}, {12}, 8, {{0, 1, 0}}, ""},
                      {25, 2, {12}, {13}, 9, {{0, 4, float_bits(1.0f)}}, ""},
                      {6, 2, {13}, {14}, 0, {}, ""}};
    spec.inputs = {0};
    spec.outputs = {14};
    return spec;
}

}  // namespace frugal::test
