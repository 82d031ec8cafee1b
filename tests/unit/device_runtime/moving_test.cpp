// SPDX-License-Identifier: Apache-2.0
// The operators that only move bytes, against loops over coordinates.
#include <functional>

#include "unit/device_runtime/run_support.hpp"
#include "unit/device_runtime/streaming_models.hpp"

namespace frugal::test {
namespace {

using Shape = std::vector<int>;

/// Calls `visit` with every coordinate of a shape, the last axis fastest.
void for_each(const Shape& shape, const std::function<void(const Shape&)>& visit) {
    Shape at(shape.size(), 0);
    for (;;) {
        visit(at);
        std::size_t axis = shape.size();
        while (axis > 0 && ++at[axis - 1] == shape[axis - 1]) {
            at[--axis] = 0;
        }
        if (axis == 0) {
            return;
        }
    }
}

std::size_t flat(const Shape& shape, const Shape& at) {
    std::size_t index = 0;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
        index = index * static_cast<std::size_t>(shape[axis]) + static_cast<std::size_t>(at[axis]);
    }
    return index;
}

Bytes counted(std::size_t count) {
    Bytes bytes(count);
    for (std::size_t i = 0; i < count; ++i) {
        bytes[i] = static_cast<std::uint8_t>(i * 3 + 1);
    }
    return bytes;
}

/// The model of this name out of moving_models().
ModelSpec named(const std::string& name) {
    for (const NamedModel& one : moving_models()) {
        if (one.name == name) {
            return one.spec;
        }
    }
    ADD_FAILURE() << "no model " << name;
    return {};
}

/// What a slice takes: element (i, j, k, l) of the output is input[place(i, j, k, l)].
struct SliceCase {
    const char* name;
    Shape output;  ///< of rank 4, lengths of 1 for axes shrunk away
    std::function<Shape(const Shape&)> place;
};

class SliceTest : public testing::TestWithParam<SliceCase> {};

TEST_P(SliceTest, TakesTheRightElements) {
    Bytes input = counted(2 * 7 * 3 * 4);
    Bytes output = run(named(GetParam().name), {input});
    Bytes expected;
    for_each(GetParam().output, [&](const Shape& at) {
        expected.push_back(input[flat({2, 7, 3, 4}, GetParam().place(at))]);
    });
    EXPECT_EQ(output, expected);
}

const SliceCase kSlices[] = {
    {"op_slice_tail",
     {2, 3, 3, 4},
     [](const Shape& at) {
         return Shape{at[0], at[1] + 4, at[2], at[3]};
     }},
    {"op_slice_strided",
     {2, 3, 3, 2},
     [](const Shape& at) {
         return Shape{at[0], 1 + 2 * at[1], at[2], 3 * at[3]};
     }},
    {"op_slice_backwards",
     {2, 3, 3, 3},
     [](const Shape& at) {
         return Shape{1 - at[0], 6 - 2 * at[1], 2 - at[2], 3 - at[3]};
     }},
    {"op_slice_shrunk",
     {1, 3, 1, 4},
     [](const Shape& at) {
         return Shape{1, 2 + at[1], 0, at[3]};
     }},
};

INSTANTIATE_TEST_SUITE_P(Masks, SliceTest, testing::ValuesIn(kSlices),
                         [](const auto& one) { return std::string(one.param.name).substr(3); });

TEST(MovingTest, ConcatenationAlongTheLastAxisDoublesEachRow) {
    Bytes input = counted(24);
    Bytes expected;
    for_each({2, 3, 8}, [&](const Shape& at) {
        expected.push_back(input[flat({2, 3, 4}, {at[0], at[1], at[2] % 4})]);
    });
    EXPECT_EQ(run(named("op_concatenation_last"), {input}), expected);
}

TEST(MovingTest, ConcatenationTakesConstants) {
    Bytes input = counted(24);
    Bytes expected;
    for_each({2, 8, 4}, [&](const Shape& at) {
        int row = at[1] < 3 ? at[1] : at[1] - 5;
        bool is_constant = at[1] == 3 || at[1] == 4;
        expected.push_back(is_constant ? 33 : input[flat({2, 3, 4}, {at[0], row, at[2]})]);
    });
    EXPECT_EQ(run(named("op_concatenation_middle"), {input}), expected);
}

TEST(MovingTest, SplitGivesEveryPiece) {
    Bytes model = write_model(named("op_split"));
    Runner runner(model);
    ASSERT_EQ(runner.status, FR_OK);
    Bytes input = counted(36);
    runner.set_input(0, input);
    ASSERT_EQ(fr_interpreter_invoke(&runner.interpreter), FR_OK);
    int first = 0;
    for (std::uint32_t port = 0; int length : {2, 4, 3}) {
        Bytes expected;
        for_each({2, length, 2}, [&](const Shape& at) {
            expected.push_back(input[flat({2, 9, 2}, {at[0], first + at[1], at[2]})]);
        });
        EXPECT_EQ(runner.output(port++), expected);
        first += length;
    }
}

TEST(MovingTest, PadSurroundsWithTheZeroPoint) {
    Bytes input = counted(30);
    Bytes expected;
    for_each({1, 6, 5, 8}, [&](const Shape& at) {
        Shape source = {0, at[1] - 1, at[2], at[3] - 2};
        bool is_inside =
            source[1] >= 0 && source[1] < 3 && source[2] < 2 && source[3] >= 0 && source[3] < 5;
        expected.push_back(is_inside ? input[flat({1, 3, 2, 5}, source)]
                                     : static_cast<std::uint8_t>(-9));
    });
    EXPECT_EQ(run(named("op_pad"), {input}), expected);
}

TEST(MovingTest, PackStacksAlongANewAxis) {
    Bytes input = counted(10);
    Bytes expected;
    for_each({2, 3, 5}, [&](const Shape& at) {
        expected.push_back(input[flat({2, 5}, {at[0], at[2]})]);
    });
    EXPECT_EQ(run(named("op_pack"), {input}), expected);
}

TEST(MovingTest, AComputedShapeReshapes) {
    Bytes input = counted(24);
    EXPECT_EQ(run(named("op_flatten"), {input}), input);
}

TEST(MovingTest, ShapeGivesTheLengths) {
    ModelSpec spec = named("op_flatten");
    spec.outputs = {8};
    EXPECT_EQ(run(spec, {counted(24)}), int32_data({1, 24}));
}

struct RefusalCase {
    const char* name;
    const char* model;
    std::function<void(ModelSpec&)> spoil;
    fr_model_reason_t reason;
};

class MovingRefusalTest : public testing::TestWithParam<RefusalCase> {};

TEST_P(MovingRefusalTest, SaysWhy) {
    ModelSpec spec = named(GetParam().model);
    GetParam().spoil(spec);
    Bytes bytes = write_model(spec);
    Runner runner(bytes);
    EXPECT_NE(runner.status, FR_OK);
    EXPECT_EQ(runner.problem.reason, GetParam().reason)
        << fr_model_reason_text(runner.problem.reason);
}

const RefusalCase kRefusals[] = {
    {"concatenation_axis", "op_concatenation_last",
     [](ModelSpec& m) { m.operators[3].options[0].value = 3; }, FR_MODEL_OPERATOR_OPTION},
    {"concatenation_activation", "op_concatenation_last",
     [](ModelSpec& m) { m.operators[3].options[1].value = 1; }, FR_MODEL_OPERATOR_OPTION},
    {"concatenation_scale", "op_concatenation_last",
     [](ModelSpec& m) { m.tensors[3].scales = {0.3f}; }, FR_MODEL_TENSOR_QUANTIZATION},
    {"concatenation_length", "op_concatenation_last",
     [](ModelSpec& m) {
         m.tensors[3].shape = {2, 3, 9};
     },
     FR_MODEL_TENSOR_SHAPE},
    {"concatenation_too_long", "op_concatenation_last",
     [](ModelSpec& m) {
         m.tensors[3].shape = {2, 3, 7};
     },
     FR_MODEL_TENSOR_SHAPE},
    {"concatenation_other_axis", "op_concatenation_last",
     [](ModelSpec& m) {
         m.tensors[3].shape = {2, 4, 8};
     },
     FR_MODEL_TENSOR_SHAPE},
    {"split_lengths", "op_split",
     [](ModelSpec& m) {
         m.tensors[3].data = int32_data({2, 5, 3});
     },
     FR_MODEL_TENSOR_SHAPE},
    {"split_count", "op_split",
     [](ModelSpec& m) {
         m.tensors[3] = numbers({2}, {2, 7});
     },
     FR_MODEL_TENSOR_SHAPE},
    {"split_axis", "op_split", [](ModelSpec& m) { m.tensors[4].data = int32_data({3}); },
     FR_MODEL_TENSOR_SHAPE},
    {"split_piece_twice", "op_split",
     [](ModelSpec& m) {
         m.operators[3].outputs = {5, 6, 6};
     },
     FR_MODEL_TENSOR_ORDER},
    {"slice_empty", "op_slice_tail",
     [](ModelSpec& m) {
         m.tensors[3].data = int32_data({2, -3, 0, 0});
         m.operators[3].options[0].value = 0;
     },
     FR_MODEL_TENSOR_SHAPE},
    {"slice_stride_zero", "op_slice_strided",
     [](ModelSpec& m) {
         m.tensors[5].data = int32_data({1, 0, 1, 3});
     },
     FR_MODEL_TENSOR_SHAPE},
    {"slice_ellipsis", "op_slice_tail",
     [](ModelSpec& m) {
         m.operators[3].options.push_back({2, 4, 1});
     },
     FR_MODEL_OPERATOR_OPTION},
    {"slice_new_axis", "op_slice_tail",
     [](ModelSpec& m) {
         m.operators[3].options.push_back({3, 4, 1});
     },
     FR_MODEL_OPERATOR_OPTION},
    {"slice_shape", "op_slice_shrunk",
     [](ModelSpec& m) {
         m.tensors[6].shape = {1, 3, 4};
     },
     FR_MODEL_TENSOR_SHAPE},
    {"slice_bounds", "op_slice_tail",
     [](ModelSpec& m) {
         m.tensors[3].data.clear();
         m.tensors[3].shape = {4};
     },
     FR_MODEL_TENSOR_ORDER},
    {"pad_negative", "op_pad",
     [](ModelSpec& m) {
         m.tensors[3].data = int32_data({0, 0, -1, 4, 0, 3, 2, 1});
     },
     FR_MODEL_TENSOR_SHAPE},
    {"pad_shape", "op_pad",
     [](ModelSpec& m) {
         m.tensors[4].shape = {1, 6, 5, 9};
     },
     FR_MODEL_TENSOR_SHAPE},
    {"pack_count", "op_pack", [](ModelSpec& m) { m.operators[3].options[0].value = 2; },
     FR_MODEL_OPERATOR_OPTION},
    {"pack_axis", "op_pack", [](ModelSpec& m) { m.operators[3].options[1].value = 7; },
     FR_MODEL_OPERATOR_OPTION},
    {"shape_type", "op_flatten", [](ModelSpec& m) { m.tensors[3].type = 4; }, FR_MODEL_TENSOR_TYPE},
};

INSTANTIATE_TEST_SUITE_P(Models, MovingRefusalTest, testing::ValuesIn(kRefusals),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace frugal::test
