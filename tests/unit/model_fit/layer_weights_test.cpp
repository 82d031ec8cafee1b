// SPDX-License-Identifier: Apache-2.0
#include "model/tflite/layer_weights.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/device_runtime/model_builder.hpp"

namespace frugal::model {
namespace {

/// One dense layer with these weights and a bias of equal numbers.
base::Bytes dense(const std::vector<int>& weights) {
    const auto depth = static_cast<std::int32_t>(weights.size() / 2);
    test::ModelSpec spec;
    spec.tensors = {test::activation({1, depth}, 0.1f, 0),
                    test::weights({2, depth}, weights, {0.1f}), test::bias({7, 7}, 0.01f),
                    test::activation({1, 2}, 0.1f, 0)};
    spec.operators = {{9, 4, {0, 1, 2}, {3}, 8, {{0, 1, 0}}, ""}};
    spec.inputs = {0};
    spec.outputs = {3};
    return test::write_model(spec);
}

TEST(LayerWeightsTest, EntropyBoundsWhatStoredBitsWaste) {
    const base::Bytes bytes = dense({1, 2, 3, 4, 1, 2, 3, 4});
    const auto summary = read_model(bytes);
    ASSERT_TRUE(summary);
    const auto layers = weigh_layers(*summary, bytes);
    ASSERT_EQ(layers.size(), 2u);
    for (const auto& one : layers) {
        EXPECT_EQ(one.operator_name, "FULLY_CONNECTED");
        if (one.tensor == 1) {
            EXPECT_EQ(one.elements, 8u);
            EXPECT_EQ(one.stored_bits, 8);
            EXPECT_DOUBLE_EQ(one.entropy_bits, 2);
            EXPECT_EQ(one.bound_bytes, 2u);
        } else {
            EXPECT_EQ(one.stored_bits, 32);
            EXPECT_EQ(one.entropy_bits, 0);
            EXPECT_EQ(one.bound_bytes, 0u);
        }
    }
}

}  // namespace
}  // namespace frugal::model
