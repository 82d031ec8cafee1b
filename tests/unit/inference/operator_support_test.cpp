// SPDX-License-Identifier: Apache-2.0
// Who runs each operator: the device by version and type, the gateway more.
#include "inference/operator_support.hpp"

#include "unit/inference/classifier_model.hpp"

namespace frugal::inference {
namespace {

std::vector<OperatorSupport> support_of(const test::ModelSpec& spec) {
    return operator_support(test::write_model(spec));
}

void make_float(test::TensorSpec& tensor) {
    tensor.type = test::kFloat32;
    tensor.scales.clear();
    tensor.zero_points.clear();
}

TEST(OperatorSupport, TheDeviceRunsQuantizedOperators) {
    const auto support = support_of(test::classifier());
    ASSERT_EQ(support.size(), 2U);
    for (const auto& one : support) {
        EXPECT_TRUE(one.on_device && one.on_gateway);
    }
}

TEST(OperatorSupport, OnlyTheGatewayRunsFloatOnes) {
    auto spec = test::classifier();
    for (const std::size_t tensor : {0U, 2U, 3U}) {
        make_float(spec.tensors[tensor]);
    }
    const auto support = support_of(spec);
    ASSERT_EQ(support.size(), 2U) << "the one after the first refused is told too";
    for (const auto& one : support) {
        EXPECT_TRUE(!one.on_device && one.on_gateway);
    }
}

TEST(OperatorSupport, AMissingOperatorHidesNothingOfTheOthers) {
    auto spec = test::classifier();
    spec.operators[0].code = 44;
    const auto support = support_of(spec);
    ASSERT_EQ(support.size(), 2U);
    EXPECT_FALSE(support[0].on_device || support[0].on_gateway);
    EXPECT_TRUE(support[1].on_device && support[1].on_gateway);
    spec = test::classifier();
    spec.operators[1].version = 90;
    EXPECT_FALSE(support_of(spec).at(1).on_device);
}

TEST(OperatorSupport, WhatIsNoModelTellsNothing) {
    EXPECT_TRUE(operator_support({}).empty());
    auto bytes = test::write_model(test::classifier());
    bytes.resize(bytes.size() / 2);
    EXPECT_TRUE(operator_support(bytes).empty());
}

}  // namespace
}  // namespace frugal::inference
