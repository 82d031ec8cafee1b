// SPDX-License-Identifier: Apache-2.0
#include "model/tflite/names.hpp"

#include <gtest/gtest.h>

#include <set>

namespace frugal::model {
namespace {

TEST(NamesTest, OperatorsByNumber) {
    EXPECT_EQ(operator_name(0), "ADD");
    EXPECT_EQ(operator_name(3), "CONV_2D");
    EXPECT_EQ(operator_name(27), "SVDF");
    EXPECT_EQ(operator_name(44), "UNIDIRECTIONAL_SEQUENCE_LSTM");
    EXPECT_EQ(operator_name(114), "QUANTIZE");
    EXPECT_EQ(operator_name(129), "CALL_ONCE");
    EXPECT_EQ(operator_name(142), "VAR_HANDLE");
    EXPECT_EQ(operator_name(205), "REDUCE_WINDOW");
    EXPECT_EQ(operator_name(209), "STABLEHLO_CASE");
    EXPECT_EQ(operator_name(210), "OPERATOR_210");
    EXPECT_EQ(operator_name(-1), "OPERATOR_-1");
}

TEST(NamesTest, NoOperatorHasTwoNumbers) {
    std::set<std::string> names;
    for (std::int32_t code = 0; code < 210; ++code) {
        EXPECT_TRUE(names.insert(operator_name(code)).second) << code;
    }
}

TEST(NamesTest, ElementTypes) {
    EXPECT_EQ(tensor_type_name(9), "INT8");
    EXPECT_EQ(tensor_type_name(0), "FLOAT32");
    EXPECT_EQ(tensor_type_name(99), "TYPE_99");
    EXPECT_EQ(tensor_type_bits(9), 8u);
    EXPECT_EQ(tensor_type_bits(17), 4u);
    EXPECT_EQ(tensor_type_bits(5), 0u);
    EXPECT_EQ(tensor_type_bits(-3), 0u);
}

}  // namespace
}  // namespace frugal::model
