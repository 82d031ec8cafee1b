// SPDX-License-Identifier: Apache-2.0
// read_model(): what it says of good models, of models with parts that are missing, and of broken
// bytes.
#include "model/tflite/summary.hpp"

#include <functional>

#include "model/tflite/damage.hpp"
#include "unit/device_runtime/run_support.hpp"

namespace frugal::model {
namespace {

using test::activation;
using test::bias;
using test::Bytes;
using test::ModelSpec;
using test::weights;
using test::write_model;

ModelSpec small_model() {
    test::Noise noise(7);
    ModelSpec spec;
    spec.tensors = {activation({1, 4, 4, 2}, 0.1f, -3),
                    weights({3, 3, 3, 2}, noise.values(54, -9, 9), {0.1f, 0.2f, 0.3f}),
                    bias({1, 2, 3}, 0.01f),
                    activation({1, 4, 4, 3}, 0.2f, 5),
                    weights({1, 2, 2, 3}, noise.values(12, -9, 9), {0.1f}, 3),
                    activation({1, 4, 4, 3}, 0.2f, 5),
                    activation({1, 48}, 0.2f, 5),
                    weights({2, 48}, noise.values(96, -9, 9), {0.05f}),
                    activation({1, 2}, 0.3f, 0)};
    spec.tensors[0].name = "image";
    spec.tensors[1].name = "conv/weights";
    spec.operators = {{3, 3, {0, 1, 2}, {3}, 1, {{0, 1, 0}, {1, 4, 1}, {2, 4, 1}}, ""},
                      {4, 3, {3, 4, -1}, {5}, 2, {{0, 1, 0}, {1, 4, 1}, {2, 4, 1}}, ""},
                      {22, 1, {5}, {6}, 17, {}, ""},
                      {9, 4, {6, 7, -1}, {8}, 8, {{0, 1, 0}}, ""}};
    spec.inputs = {0};
    spec.outputs = {8};
    return spec;
}

TEST(SummaryTest, DescribesARunnableModel) {
    Bytes bytes = write_model(small_model());
    auto summary = read_model(bytes);
    ASSERT_TRUE(summary) << summary.error().describe();
    EXPECT_TRUE(summary->is_runnable);
    EXPECT_TRUE(summary->missing.empty());
    EXPECT_EQ(summary->file_size_bytes, bytes.size());
    EXPECT_EQ(summary->operators.size(), 4u);
    EXPECT_EQ(summary->operators[0].name, "CONV_2D");
    EXPECT_EQ(summary->operators[0].version, 3);
    EXPECT_EQ(summary->operators[0].count, 1u);
    EXPECT_TRUE(summary->operators[0].is_built_in);
    EXPECT_EQ(summary->inputs, std::vector<std::uint32_t>{0});
    EXPECT_EQ(summary->outputs, std::vector<std::uint32_t>{8});
    EXPECT_EQ(summary->tensors[0].name, "image");
    EXPECT_EQ(summary->tensors[0].type_name, "INT8");
    EXPECT_EQ(summary->tensors[0].size_bytes, 32u);
    EXPECT_EQ(summary->tensors[1].quantization.scales.size(), 3u);
    EXPECT_GT(summary->arena_bytes, 96u);
    EXPECT_EQ(summary->work, 48u * 18 + 48 * 4 + 48 + 96);
}

TEST(SummaryTest, WeightsPointIntoTheFile) {
    ModelSpec spec = small_model();
    Bytes bytes = write_model(spec);
    auto summary = read_model(bytes);
    ASSERT_TRUE(summary);
    ASSERT_EQ(summary->weights.size(), 4u);
    EXPECT_EQ(summary->weight_bytes, 54u + 12 + 12 + 96);
    std::uint64_t end = 0;
    for (const WeightSummary& weight : summary->weights) {
        EXPECT_GE(weight.range.offset, end);
        end = weight.range.offset + weight.range.size;
        ASSERT_LE(end, bytes.size());
        const Bytes& data = spec.tensors[weight.tensor].data;
        EXPECT_TRUE(std::equal(data.begin(), data.end(),
                               bytes.begin() + static_cast<std::ptrdiff_t>(weight.range.offset)));
    }
    auto layout_of = [&](std::uint32_t tensor) {
        for (const WeightSummary& weight : summary->weights) {
            if (weight.tensor == tensor) {
                return to_string(weight.layout);
            }
        }
        return std::string_view("absent");
    };
    EXPECT_EQ(layout_of(1), "OHWI");
    EXPECT_EQ(layout_of(2), "vector");
    EXPECT_EQ(layout_of(4), "1HWO");
    EXPECT_EQ(layout_of(7), "OI");
}

TEST(SummaryTest, BytesFromTheMiddleOfAMessageAreReadAsWell) {
    Bytes bytes = write_model(small_model());
    Bytes message(bytes.size() + 1);
    std::copy(bytes.begin(), bytes.end(), message.begin() + 1);
    auto summary = read_model(base::ByteView(message).subspan(1));
    auto plain = read_model(bytes);
    ASSERT_TRUE(summary && plain);
    EXPECT_EQ(summary->weights[0].range.offset, plain->weights[0].range.offset);
}

TEST(SummaryTest, NamesEveryMissingOperator) {
    ModelSpec spec = small_model();
    spec.operators[1].code = 44;
    spec.operators[1].version = 1;
    spec.operators[2].code = 32;
    spec.operators[2].custom_code = "Magic";
    spec.operators[3].version = 40;
    auto summary = read_model(write_model(spec));
    ASSERT_TRUE(summary) << summary.error().describe();
    EXPECT_FALSE(summary->is_runnable);
    EXPECT_EQ(summary->missing,
              (std::vector<std::string>{
                  "FULLY_CONNECTED version 40 is not built in, only versions up to 12 are",
                  "CUSTOM(Magic) version 1 is not built in",
                  "UNIDIRECTIONAL_SEQUENCE_LSTM version 1 is not built in"}));
    EXPECT_GT(summary->arena_bytes, 0u);
}

TEST(SummaryTest, NamesATypeThatIsNotBuiltIn) {
    ModelSpec spec = small_model();
    for (std::size_t tensor : {0u, 3u, 5u, 6u, 8u}) {
        spec.tensors[tensor].type = test::kFloat32;
        spec.tensors[tensor].scales.clear();
        spec.tensors[tensor].zero_points.clear();
    }
    auto summary = read_model(write_model(spec));
    ASSERT_TRUE(summary) << summary.error().describe();
    EXPECT_FALSE(summary->is_runnable);
    EXPECT_EQ(summary->missing, std::vector<std::string>{"CONV_2D version 3 (operator 0) on "
                                                         "FLOAT32 is not built in (tensor 0)"});
}

struct BrokenCase {
    const char* name;
    std::function<void(ModelSpec&)> spoil;
    base::ErrorKind kind;
    const char* says;
};

class BrokenTest : public testing::TestWithParam<BrokenCase> {};

TEST_P(BrokenTest, IsAnErrorThatSaysWhat) {
    ModelSpec spec = small_model();
    GetParam().spoil(spec);
    auto summary = read_model(write_model(spec));
    ASSERT_FALSE(summary);
    EXPECT_EQ(summary.error().kind, GetParam().kind);
    EXPECT_THAT(summary.error().describe(), testing::HasSubstr(GetParam().says));
    EXPECT_FALSE(summary.error().remedy.empty());
}

constexpr auto kInvalid = base::ErrorKind::kInvalidInput;

const BrokenCase kBroken[] = {
    {"schema", [](ModelSpec& m) { m.version = 2; }, base::ErrorKind::kUnsupported,
     "schema version 2"},
    {"tensor_index", [](ModelSpec& m) { m.operators[0].inputs[1] = 99; }, kInvalid,
     "operator 0 input: tensor index 99"},
    {"negative_output", [](ModelSpec& m) { m.operators[0].outputs[0] = -1; }, kInvalid,
     "operator 0 output: tensor index -1"},
    {"model_input", [](ModelSpec& m) { m.inputs = {9}; }, kInvalid, "model input: tensor index 9"},
    {"model_output", [](ModelSpec& m) { m.outputs = {-1}; }, kInvalid, "model output"},
    {"negative_shape", [](ModelSpec& m) { m.tensors[3].shape[1] = -1; }, kInvalid,
     "tensor 3: dimension 1 is -1"},
    {"huge_shape",
     [](ModelSpec& m) {
         m.tensors[3].shape = {1 << 30, 1 << 30};
     },
     base::ErrorKind::kLimit, "elements"},
    {"rank", [](ModelSpec& m) { m.tensors[3].shape.assign(9, 1); }, base::ErrorKind::kLimit,
     "dimensions"},
    {"zero_points", [](ModelSpec& m) { m.tensors[1].zero_points = {0}; }, kInvalid,
     "tensor 1 (conv/weights): 3 scales but 1 zero points"},
    {"data", [](ModelSpec& m) { m.tensors[1].data.pop_back(); }, kInvalid,
     "tensor 1 (conv/weights): 53 bytes where its shape needs 54"},
    {"order", [](ModelSpec& m) { std::swap(m.operators[0], m.operators[1]); }, kInvalid,
     "read before it is written"},
    {"no_tensors",
     [](ModelSpec& m) {
         m.tensors.clear();
         m.operators.clear();
         m.inputs.clear();
     },
     kInvalid, "no tensors"},
};

INSTANTIATE_TEST_SUITE_P(Models, BrokenTest, testing::ValuesIn(kBroken),
                         [](const auto& one) { return one.param.name; });

TEST(BytesTest, WhatIsNoModelIsNamedSo) {
    for (const Bytes& bytes : {Bytes{}, Bytes(7, 0), Bytes(100, 0x41)}) {
        auto summary = read_model(bytes);
        ASSERT_FALSE(summary);
        EXPECT_EQ(summary.error().kind, kInvalid);
        EXPECT_THAT(summary.error().message, testing::HasSubstr("not a .tflite file"));
    }
}

TEST(BytesTest, WhatSeemsToBeAnotherFileIsSaid) {
    const std::pair<std::string, std::string> files[] = {
        {"", "the file is empty"},
        {"name = 7\n", "it is a text"},
        {std::string("FRBN\1\0\0\0", 8), "it is a Bonsai tree"},
        {"FRUGALB\1xxxx", "it is a release bundle"},
        {std::string("\x1f\x8b\x08\0\0\0\0\0", 8), "it is compressed with gzip"},
        {std::string(16, '\0'), "the identifier TFL3 is not at byte 4"},
    };
    for (const auto& [content, cause] : files) {
        const auto summary = read_model(base::as_bytes(content));
        ASSERT_FALSE(summary);
        EXPECT_EQ(summary.error().cause, cause);
        EXPECT_FALSE(summary.error().remedy.empty());
    }
}

/// FlatBuffers' verifier has no words; the reader finds the place.
void expect_named(const base::Error& error) {
    EXPECT_FALSE(error.message.empty());
    EXPECT_THAT(error.message, testing::Not(testing::HasSubstr("does not verify")));
}

TEST(BytesTest, EveryByteChangedIsReadOrRefused) {
    const Bytes whole = write_model(small_model());
    for (std::size_t position = 0; position < whole.size(); ++position) {
        for (int change : {0x01, 0x80, 0xff}) {
            Bytes bytes = whole;
            bytes[position] = static_cast<std::uint8_t>(bytes[position] ^ change);
            auto summary = read_model(bytes);
            if (summary) {
                EXPECT_EQ(summary->is_runnable, summary->missing.empty());
                EXPECT_FALSE(find_damage(bytes)) << position;
            } else {
                expect_named(summary.error());
            }
        }
    }
}

TEST(BytesTest, EveryTruncationIsRefused) {
    const Bytes whole = write_model(small_model());
    for (std::size_t size = 0; size + 16 < whole.size(); ++size) {
        const auto summary = read_model(base::ByteView(whole).first(size));
        ASSERT_FALSE(summary) << size;
        expect_named(summary.error());
    }
}

}  // namespace
}  // namespace frugal::model
