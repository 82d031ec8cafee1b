// SPDX-License-Identifier: Apache-2.0
// ONNX edge models: our own network as ONNX answers like the .tflite it was made from; whatever is
// no such network is refused in words. Without OpenCV only the refusals are tested.
#include "inference/onnx.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "inference/engine.hpp"
#include "inference/onnx_format.hpp"
#include "inference/onnx_library.hpp"
#include "support/model_files.hpp"

namespace frugal::inference {
namespace {

using test::project_model;

base::Bytes onnx_bytes() {
    return test::read_file(FRUGAL_TEST_ONNX);
}

TEST(OnnxTest, IsToldFromTheOtherFormats) {
    EXPECT_TRUE(is_onnx(onnx_bytes()));
    EXPECT_FALSE(is_onnx(project_model("fashion-tiny-2.tflite")));
    EXPECT_FALSE(is_onnx(project_model("fashion-bonsai.frbn")));
    EXPECT_FALSE(is_onnx({}));
}

TEST(OnnxTest, ReadsTheShapeOfTheInput) {
    const auto shape = onnx_input_shape(onnx_bytes());
    ASSERT_TRUE(shape) << shape.error().describe();
    EXPECT_EQ(*shape, (std::vector<int>{1, 1, 28, 28}));
}

TEST(OnnxTest, FindsNoShapeInDamagedBytes) {
    const auto whole = onnx_bytes();
    for (std::size_t size = 0; size + 16 < whole.size(); size += 97) {
        EXPECT_FALSE(onnx_input_shape(base::ByteView(whole).first(size))) << size;
    }
}

TEST(OnnxTest, WithoutItsLibrarySaysWhatIsMissing) {
    const auto library = load_onnx_library("libfrugal_no_such_library.so");
    ASSERT_FALSE(library);
    EXPECT_EQ(library.error().kind, base::ErrorKind::kUnsupported);
    EXPECT_NE(library.error().cause.find("libfrugal_no_such_library.so"), std::string::npos);
    EXPECT_NE(library.error().remedy.find("libopencv-dnn406"), std::string::npos);
}

TEST(OnnxTest, RefusesALibraryThatIsNotItsOwn) {
    const auto library = load_onnx_library("libm.so.6");
    ASSERT_FALSE(library);
    EXPECT_NE(library.error().cause.find("another version"), std::string::npos);
}

#ifdef FRUGAL_HAS_ONNX

/// Blurred blobs: inputs that look a little like garments.
base::Bytes blob(std::mt19937& random) {
    base::Bytes image(784);
    const double x = 8 + random() % 12;
    const double y = 8 + random() % 12;
    const double width = 3 + random() % 9;
    const double height = 3 + random() % 9;
    for (int row = 0; row < 28; ++row) {
        for (int column = 0; column < 28; ++column) {
            const double far = std::pow((column - x) / width, 2) + std::pow((row - y) / height, 2);
            image[static_cast<std::size_t>(28 * row + column)] =
                static_cast<std::uint8_t>(static_cast<std::int8_t>(255 * std::exp(-far) - 128));
        }
    }
    return image;
}

TEST(OnnxTest, AnswersLikeTheModelItWasMadeFrom) {
    auto onnx = Engine::load(onnx_bytes());
    auto own = Engine::load(project_model("fashion-tiny-2.tflite"));
    ASSERT_TRUE(onnx) << onnx.error().describe();
    ASSERT_TRUE(own);
    EXPECT_EQ(onnx->input_size(), 784U);
    EXPECT_EQ(onnx->class_count(), 10U);
    EXPECT_EQ(onnx->model(), nullptr);
    std::mt19937 random(5);
    int same = 0;
    double far = 0;
    for (int i = 0; i < 200; ++i) {
        const auto input = blob(random);
        const auto left = onnx->classify(input);
        const auto right = own->classify(input);
        ASSERT_TRUE(left && right);
        same += left->class_index == right->class_index ? 1 : 0;
        for (std::size_t k = 0; k < 10; ++k) {
            far += std::abs(left->probability[k] - right->probability[k]) / 10;
        }
    }
    EXPECT_GE(same, 190) << "of 200: quantization differs, nothing else";
    EXPECT_LT(far / 200, 0.02);
}

TEST(OnnxTest, RefusesInputsOfAnotherSizeAndGoesOn) {
    auto engine = Engine::load(onnx_bytes());
    ASSERT_TRUE(engine);
    const auto refused = engine->classify(base::Bytes(783));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::kInvalidInput);
    EXPECT_TRUE(engine->classify(base::Bytes(784)));
}

TEST(OnnxTest, RefusesFilesCutAnywhere) {
    const auto whole = onnx_bytes();
    for (std::size_t size = 16; size < whole.size(); size += whole.size() / 40) {
        SCOPED_TRACE(size);
        const auto engine = Engine::load(
            base::Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
        EXPECT_FALSE(engine);
    }
}

#endif

}  // namespace
}  // namespace frugal::inference
