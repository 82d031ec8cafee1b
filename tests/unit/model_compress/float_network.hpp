// SPDX-License-Identifier: Apache-2.0
// Small float32 networks with random weights, and inputs as bytes. Test code only.
#pragma once

#include <cstring>
#include <random>

#include "model/compress/matrix.hpp"
#include "unit/device_runtime/run_support.hpp"

namespace frugal::test {

inline std::vector<base::Bytes> raw_inputs(const frugal::model::Matrix& inputs) {
    std::vector<base::Bytes> list;
    for (std::size_t row = 0; row < inputs.rows; ++row) {
        base::Bytes one(inputs.columns * sizeof(float));
        std::memcpy(one.data(), inputs.row(row).data(), one.size());
        list.push_back(std::move(one));
    }
    return list;
}

inline std::vector<float> random_floats(std::size_t count, std::mt19937& random) {
    std::normal_distribution<float> normal(0, 0.3F);
    std::vector<float> values(count);
    for (float& value : values) {
        value = normal(random);
    }
    return values;
}

inline TensorSpec constant(std::vector<std::int32_t> shape, const std::vector<float>& values) {
    base::Bytes data(4 * values.size());
    std::memcpy(data.data(), values.data(), data.size());
    return {std::move(shape), kFloat32, {}, {}, 0, std::move(data), ""};
}

/// Room for an activation.
inline TensorSpec room(std::vector<std::int32_t> shape) {
    return TensorSpec{std::move(shape), kFloat32, {}, {}, 0, {}, ""};
}

/// Convolution and depthwise convolution with ReLU, then a dense layer.
inline base::Bytes convolutional_file() {
    std::mt19937 random(1);
    ModelSpec spec;
    spec.tensors = {room({1, 6, 6, 2}),
                    constant({4, 3, 3, 2}, random_floats(72, random)),
                    constant({4}, random_floats(4, random)),
                    room({1, 6, 6, 4}),
                    constant({1, 3, 3, 4}, random_floats(36, random)),
                    constant({4}, random_floats(4, random)),
                    room({1, 3, 3, 4}),
                    room({1, 36}),
                    constant({5, 36}, random_floats(180, random)),
                    constant({5}, random_floats(5, random)),
                    room({1, 5})};
    spec.operators = {
        {3, 1, {0, 1, 2}, {3}, 1, {{0, 1, 0}, {1, 4, 1}, {2, 4, 1}, {3, 1, 1}}, ""},
        {4, 1, {3, 4, 5}, {6}, 2, {{0, 1, 0}, {1, 4, 2}, {2, 4, 2}, {3, 4, 1}, {4, 1, 1}}, ""},
        {22, 1, {6}, {7}, 0, {}, ""},
        {9, 1, {7, 8, 9}, {10}, 8, {{0, 1, 0}}, ""}};
    spec.inputs = {0};
    spec.outputs = {10};
    return ModelWriter(spec).write();
}

/// Every operator that can be trained, and a softmax: 6 x 6 x 2 to 3 classes.
inline base::Bytes pooling_file() {
    std::mt19937 random(3);
    const std::int32_t axes[] = {1, 2};
    base::Bytes axis_bytes(sizeof axes);
    std::memcpy(axis_bytes.data(), axes, sizeof axes);
    ModelSpec spec;
    spec.tensors = {room({1, 6, 6, 2}),
                    constant({4, 3, 3, 2}, random_floats(72, random)),
                    constant({4}, random_floats(4, random)),
                    room({1, 6, 6, 4}),
                    room({1, 6, 6, 4}),
                    constant({1, 3, 3, 4}, random_floats(36, random)),
                    constant({4}, random_floats(4, random)),
                    room({1, 3, 3, 4}),
                    room({1, 2, 2, 4}),
                    TensorSpec{{2}, kInt32, {}, {}, 0, axis_bytes, ""},
                    room({1, 4}),
                    constant({3, 4}, random_floats(12, random)),
                    constant({3}, random_floats(3, random)),
                    room({1, 3}),
                    room({1, 3})};
    spec.operators = {
        {3, 1, {0, 1, 2}, {3}, 1, {{0, 1, 0}, {1, 4, 1}, {2, 4, 1}, {3, 1, 3}}, ""},
        {1, 1, {3}, {4}, 5, {{0, 1, 0}, {1, 4, 1}, {2, 4, 1}, {3, 4, 3}, {4, 4, 2}, {5, 1, 0}}, ""},
        {4, 1, {4, 5, 6}, {7}, 2, {{0, 1, 0}, {1, 4, 2}, {2, 4, 2}, {3, 4, 1}, {4, 1, 1}}, ""},
        {17,
         1,
         {7},
         {8},
         5,
         {{0, 1, 1}, {1, 4, 1}, {2, 4, 1}, {3, 4, 2}, {4, 4, 2}, {5, 1, 0}},
         ""},
        {40, 1, {8, 9}, {10}, 27, {{0, 1, 0}}, ""},
        {9, 1, {10, 11, 12}, {13}, 8, {{0, 1, 0}}, ""},
        {25, 1, {13}, {14}, 9, {{0, 4, float_bits(1.0F)}}, ""}};
    spec.inputs = {0};
    spec.outputs = {14};
    return ModelWriter(spec).write();
}

}  // namespace frugal::test
