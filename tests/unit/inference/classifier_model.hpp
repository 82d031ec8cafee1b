// SPDX-License-Identifier: Apache-2.0
// A small classifier for tests: four numbers -> dense -> softmax over three classes, whose weights
// pass the first three numbers through. Test code only.
#pragma once

#include "unit/device_runtime/run_support.hpp"

namespace frugal::test {

inline ModelSpec classifier() {
    ModelSpec spec;
    spec.tensors = {activation({1, 4}, 0.1f, 0),
                    weights({3, 4}, {100, 0, 0, 0, 0, 100, 0, 0, 0, 0, 100, 0}, {0.01f}),
                    activation({1, 3}, 0.1f, 0), activation({1, 3}, 1.0f / 256, -128)};
    spec.tensors[0].name = "numbers";
    spec.tensors[3].name = "classes";
    spec.operators = {{9, 4, {0, 1, -1}, {2}, 8, {{0, 1, 0}}, ""},
                      {25, 2, {2}, {3}, 9, {{0, 4, float_bits(1.0f)}}, ""}};
    spec.inputs = {0};
    spec.outputs = {3};
    return spec;
}

}  // namespace frugal::test
