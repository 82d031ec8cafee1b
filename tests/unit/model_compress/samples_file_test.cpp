// SPDX-License-Identifier: Apache-2.0
#include "model/compress/samples_file.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace {

namespace model = frugal::model;
using frugal::base::Bytes;

TEST(SamplesFile, RawBytesAreSplitIntoInputs) {
    const model::InputFormat format{4, 4, 9, 0.5F, 1};
    const auto inputs = model::parse_inputs(Bytes{1, 2, 3, 4, 5, 6, 7, 8}, format, "x");
    ASSERT_TRUE(inputs.has_value());
    EXPECT_EQ(*inputs, (std::vector<Bytes>{{1, 2, 3, 4}, {5, 6, 7, 8}}));
    EXPECT_FALSE(model::parse_inputs(Bytes{1, 2, 3}, format, "x").has_value());
    EXPECT_FALSE(model::parse_inputs(Bytes{}, format, "x").has_value());
}

TEST(SamplesFile, MoreThanTheLimitAreNotMade) {
    const model::InputFormat format{4, 4, 9, 0.5F, 1};
    const Bytes three(12);
    EXPECT_TRUE(model::parse_inputs(three, format, "x", 3));
    const Bytes idx{0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    const Bytes labels{'1', '\n', '2', '\n', '3', '\n'};
    const Bytes idx_labels{0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3};
    EXPECT_TRUE(model::parse_inputs(idx, format, "x", 3));
    EXPECT_TRUE(model::parse_labels(labels, "x", 3));
    EXPECT_TRUE(model::parse_labels(idx_labels, "x", 3));
    for (const auto& refused :
         {model::parse_inputs(three, format, "x", 2), model::parse_inputs(idx, format, "x", 2)}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, frugal::base::ErrorKind::kLimit);
    }
    for (const auto& refused :
         {model::parse_labels(labels, "x", 2), model::parse_labels(idx_labels, "x", 2)}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, frugal::base::ErrorKind::kLimit);
    }
}

Bytes npy(const std::string& type, const Bytes& data, const std::string& shape = "(2, 2)") {
    std::string header =
        "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
    const std::string begin = std::string("\x93NUMPY\x01\0", 8) + static_cast<char>(header.size());
    const std::string text = begin + '\0' + header + std::string(data.begin(), data.end());
    return {text.begin(), text.end()};
}

TEST(SamplesFile, NpyFloatsAreQuantizedAsTheModelWants) {
    const model::InputFormat format{2, 2, 9, 0.5F, 1};
    const float values[] = {0.0F, 1.0F, -1.0F, 63.5F};
    Bytes data(sizeof values);
    std::memcpy(data.data(), values, sizeof values);
    const auto inputs = model::parse_inputs(npy("<f4", data), format, "x.npy");
    ASSERT_TRUE(inputs.has_value()) << inputs.error().describe();
    EXPECT_EQ(*inputs, (std::vector<Bytes>{{1, 3}, {0xFF, 127}})) << "one level beyond: rounded";
}

TEST(SamplesFile, NumbersOnAnotherScaleAreRefused) {
    const model::InputFormat format{40, 40, 9, 1.0F / 255, -128};  // takes 0 to 1
    Bytes bytes(40, 1);
    EXPECT_TRUE(model::parse_inputs(npy("|u1", bytes, "(1, 40)"), format, "x.npy"))
        << "0 and 1 as numbers";
    bytes[7] = bytes[9] = 200;
    EXPECT_TRUE(model::parse_inputs(npy("|u1", bytes, "(1, 40)"), format, "x.npy"))
        << "one in 20 is clipped";
    bytes[11] = 200;
    const auto refused = model::parse_inputs(npy("|u1", bytes, "(1, 40)"), format, "x.npy");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              "x.npy: 3 of 40 numbers lie outside of what the model takes");
    EXPECT_EQ(refused.error().cause, "its input is 0 to 1");
    EXPECT_FALSE(refused.error().remedy.empty());
    const model::InputFormat own{40, 40, 3, 1.0F / 255, 0};
    EXPECT_TRUE(model::parse_inputs(npy("|u1", bytes, "(1, 40)"), own, "x.npy"))
        << "the model's own bytes";
}

TEST(SamplesFile, NpyOfTheModelsOwnTypeIsTakenAsItIs) {
    const model::InputFormat format{2, 2, 9, 0.5F, 1};
    const auto inputs = model::parse_inputs(npy("|i1", {1, 2, 3, 4}), format, "x.npy");
    ASSERT_TRUE(inputs.has_value()) << inputs.error().describe();
    EXPECT_EQ(*inputs, (std::vector<Bytes>{{1, 2}, {3, 4}}));
}

TEST(SamplesFile, DamagedNpyIsRefused) {
    const model::InputFormat format{2, 2, 9, 0.5F, 1};
    Bytes good = npy("<f4", Bytes(16));
    for (std::size_t size = 6; size < good.size(); ++size) {
        const Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
        const auto inputs = model::parse_inputs(cut, format, "x.npy");
        EXPECT_FALSE(inputs.has_value()) << size;
    }
    EXPECT_FALSE(model::parse_inputs(npy("<c8", Bytes(16)), format, "x").has_value());
    EXPECT_FALSE(model::parse_inputs(npy(">f4", Bytes(16)), format, "x").has_value());
    Bytes not_a_number(16);
    not_a_number[2] = 0xC0;
    not_a_number[3] = 0x7F;
    EXPECT_EQ(model::parse_inputs(npy("<f4", not_a_number), format, "x").error().message,
              "x: number 0 is not finite");
    for (const auto* shape : {"()", "(x)", "(-2, 2)", "(2, 2", "(4611686018427387904, 4)"}) {
        EXPECT_FALSE(model::parse_inputs(npy("|i1", Bytes(4), shape), format, "x")) << shape;
    }
}

TEST(SamplesFile, AnArrayWithoutAxesIsRefused) {
    for (const char* type : {"<f4", "|i1"}) {
        for (const std::int32_t number : {0, 9}) {
            const model::InputFormat format{1, 1, number, 0.5F, 1};
            const Bytes data(type == std::string("<f4") ? 4 : 1);
            const auto inputs = model::parse_inputs(npy(type, data, "()"), format, "x.npy");
            ASSERT_FALSE(inputs) << type;
            EXPECT_EQ(inputs.error().message, "x.npy: a single number, not an array of inputs");
            EXPECT_FALSE(inputs.error().remedy.empty());
        }
    }
}

TEST(SamplesFile, NoInputHoldsANumberThatIsNotFinite) {
    const model::InputFormat format{8, 2, 0, 0, 0};
    for (const float wrong : {NAN, INFINITY, -INFINITY}) {
        const float values[] = {0.0F, 1.0F, 2.0F, wrong};
        Bytes data(sizeof values);
        std::memcpy(data.data(), values, sizeof values);
        for (const Bytes& file : {data, npy("<f4", data)}) {
            const auto inputs = model::parse_inputs(file, format, "x");
            ASSERT_FALSE(inputs) << wrong;
            EXPECT_EQ(inputs.error().message, "x: number 3 is not finite");
        }
        const model::InputFormat int8{16, 16, 9, 0.5F, 1};
        EXPECT_TRUE(model::parse_inputs(data, int8, "x")) << "bytes are no floats";
    }
}

TEST(SamplesFile, AnArrayOfAnotherShapeIsNotCutAnew) {
    const model::InputFormat format{6, 6, 9, 0.5F, 1, {1, 3, 2, 1}};
    const Bytes twelve(12, 1);
    for (const auto* shape : {"(2, 6)", "(2, 3, 2)", "(2, 3, 2, 1)", "(2, 1, 3, 2)", "(2, 6, 1)"}) {
        const auto inputs = model::parse_inputs(npy("|i1", twelve, shape), format, "x");
        ASSERT_TRUE(inputs.has_value()) << inputs.error().describe();
        EXPECT_EQ(inputs->size(), 2U) << shape;
    }
    for (const auto* shape : {"(12,)", "(3, 4)", "(4, 3)", "(6, 2)", "(2, 2, 3)", "(2, 2, 3, 1)"}) {
        EXPECT_FALSE(model::parse_inputs(npy("|i1", twelve, shape), format, "x")) << shape;
    }
    EXPECT_EQ(model::parse_inputs(npy("|i1", twelve, "(2, 2, 3)"), format, "x").error().message,
              "x: an array of [2, 2, 3] for inputs of [1, 3, 2, 1]");
    const Bytes idx{0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9};
    EXPECT_FALSE(model::parse_inputs(idx, format, "x")) << "six numbers, but three of two";
    const model::InputFormat flat{6, 6, 9, 0.5F, 1, {1, 6}};
    EXPECT_TRUE(model::parse_inputs(npy("|i1", twelve, "(2, 3, 2)"), flat, "x"))
        << "a model may take images flat";
}

TEST(SamplesFile, IdxBytesStandForZeroToOne) {
    const model::InputFormat format{2, 2, 9, 1.0F / 255, -128};
    const Bytes idx{0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255};
    const auto inputs = model::parse_inputs(idx, format, "x");
    ASSERT_TRUE(inputs.has_value()) << inputs.error().describe();
    EXPECT_EQ(*inputs, (std::vector<Bytes>{{0x80, 0x7F}}));
}

/// An idx file of zeros: what it says and what it holds.
Bytes idx_of(std::uint8_t type, const std::vector<std::uint32_t>& shape, std::size_t held) {
    Bytes bytes{0, 0, type, static_cast<std::uint8_t>(shape.size())};
    for (const std::uint32_t length : shape) {
        for (const int shift : {24, 16, 8, 0}) {
            bytes.push_back(static_cast<std::uint8_t>(length >> shift));
        }
    }
    bytes.resize(bytes.size() + held);
    return bytes;
}

TEST(SamplesFile, IdxThatIsCutOffIsNotTakenAsRawBytes) {
    const model::InputFormat digits{784, 784, 9, 1.0F / 255, -128, {1, 28, 28, 1}};
    const model::InputFormat byte{1, 1, 9, 0.5F, 0, {1, 1}};
    Bytes cut = idx_of(8, {10'000, 28, 28}, 784 * 2000);
    cut.resize(784 * 2000);
    for (const auto& format : {digits, byte}) {
        const auto refused = model::parse_inputs(cut, format, "te");
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().message, "te: an idx file that is cut off");
        EXPECT_EQ(refused.error().cause,
                  "the idx header says 10000x28x28 unsigned bytes, 7840016 bytes with the header; "
                  "the file holds 1568000");
        EXPECT_NE(refused.error().remedy.find(".npy"), std::string::npos);
    }
    const Bytes whole = idx_of(8, {2, 28, 28}, 784 * 2);
    for (std::size_t size = 4; size < whole.size(); ++size) {
        const Bytes less(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_FALSE(model::parse_inputs(less, byte, "x")) << size;
    }
    EXPECT_EQ(model::parse_inputs(idx_of(8, {2, 28, 28}, 784 * 2 - 1), byte, "x").error().message,
              "x: an idx file that is cut off");
    EXPECT_EQ(model::parse_inputs(idx_of(8, {2, 28, 28}, 784 * 2 + 1), byte, "x").error().message,
              "x: an idx file that goes on behind its end");
    EXPECT_EQ(
        model::parse_inputs(idx_of(8, {0xFFFFFFFF, 28, 28}, 784), byte, "x").error().cause,
        "the idx header says 4294967295x28x28 unsigned bytes, more than 2147483664 bytes with the "
        "header; the file holds 800");
    EXPECT_FALSE(model::parse_inputs(idx_of(8, {0, 28, 28}, 784), byte, "x"));
    EXPECT_FALSE(model::parse_inputs(idx_of(8, {5000}, 100), byte, "x"));
}

TEST(SamplesFile, IdxOfAnotherTypeIsRefused) {
    const model::InputFormat byte{1, 1, 9, 0.5F, 0, {1, 1}};
    const model::InputFormat floats{4, 1, 0, 0, 0, {1, 1}};
    for (const std::uint8_t type : {0x09, 0x0B, 0x0C, 0x0D, 0x0E}) {
        for (const auto& format : {byte, floats}) {
            const auto refused = model::parse_inputs(idx_of(type, {50}, 400), format, "x");
            ASSERT_FALSE(refused) << int{type};
            EXPECT_EQ(refused.error().message.find("x: an idx file of "), 0U);
        }
        EXPECT_FALSE(model::parse_labels(idx_of(type, {50}, 400), "l"));
    }
    const auto refused = model::parse_inputs(idx_of(0x0D, {50}, 200), byte, "x");
    EXPECT_EQ(refused.error().message, "x: an idx file of float32");
    EXPECT_EQ(refused.error().cause, "its type is 0x0D; idx is read as unsigned bytes, 0x08");
    EXPECT_FALSE(refused.error().remedy.empty());
}

TEST(SamplesFile, RawBytesThatHardlyBeginLikeIdxAreInputs) {
    const model::InputFormat byte{1, 1, 9, 0.5F, 0, {1, 1}};
    const Bytes raw[] = {
        Bytes(20),                                               // no type
        {0, 0, 0x0A, 2, 0, 0, 0, 1, 0, 0, 0, 1, 9},              // no such type
        {0, 0, 8, 0, 0, 0, 0, 1, 9},                             // no axis
        {0, 0, 8, 9, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9},  // nine
        {0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 0, 9},                 // inputs of nothing
        {0, 0, 8, 2, 0, 0, 0, 1, 0, 1, 0, 0, 9},                 // inputs of 65,536 a side
        {0, 0, 8, 1, 0, 0, 0, 0, 9},                             // none, but one follows
        {0, 0, 8, 1, 1, 0, 0, 0, 9},                             // 16,777,216
        {0, 1, 8, 1, 0, 0, 0, 2, 9},                             // not two zeros
    };
    for (const Bytes& bytes : raw) {
        const auto inputs = model::parse_inputs(bytes, byte, "x");
        ASSERT_TRUE(inputs.has_value()) << inputs.error().describe();
        EXPECT_EQ(inputs->size(), bytes.size());
    }
}

TEST(SamplesFile, DamagedIdxLabelsAreToldApartFromText) {
    Bytes cut = idx_of(8, {10'000}, 9000);
    cut.resize(9000);
    const auto labels = model::parse_labels(cut, "l");
    ASSERT_FALSE(labels);
    EXPECT_EQ(labels.error().message, "l: an idx file that is cut off");
    EXPECT_EQ(labels.error().cause,
              "the idx header says 10000 unsigned bytes, 10008 bytes with the header; the file "
              "holds 9000");
    EXPECT_EQ(model::parse_labels(idx_of(8, {0x7FFFFFFF}, 9), "l").error().message,
              "l: neither text nor sound idx labels");
}

TEST(SamplesFile, LabelsAreLinesOrIdx) {
    const auto lines = model::parse_labels(frugal::base::as_bytes("3\n0\n12\n"), "l");
    ASSERT_TRUE(lines.has_value());
    EXPECT_EQ(*lines, (std::vector<std::uint32_t>{3, 0, 12}));
    const auto idx = model::parse_labels(Bytes{0, 0, 8, 1, 0, 0, 0, 2, 7, 1}, "l");
    ASSERT_TRUE(idx.has_value());
    EXPECT_EQ(*idx, (std::vector<std::uint32_t>{7, 1}));
    const auto bad = model::parse_labels(frugal::base::as_bytes("3\nx\n"), "l");
    ASSERT_FALSE(bad.has_value());
    EXPECT_EQ(bad.error().message, "l:2: no class number");
    const auto windows = model::parse_labels(frugal::base::as_bytes("3\r\n0\r\n12"), "l");
    ASSERT_TRUE(windows.has_value()) << windows.error().describe();
    EXPECT_EQ(*windows, (std::vector<std::uint32_t>{3, 0, 12}));
    EXPECT_EQ(model::parse_labels({}, "l").error().message, "l: there are no labels in it");
    const Bytes images{0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4};
    EXPECT_EQ(model::parse_labels(images, "l").error().message,
              "l: an idx file of [2, 1, 2] holds no labels");
}

}  // namespace
