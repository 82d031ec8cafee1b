// SPDX-License-Identifier: Apache-2.0
// What fr_bonsai_open() refuses: a table of containers with one thing wrong, then every cut and
// every changed byte (the sanitizers watch).
#include <functional>
#include <memory>

#include "unit/device_bonsai/small_tree.hpp"

namespace frugal::test {
namespace {

fr_status_t open_status(const Bytes& bytes) {
    // A copy without slack, so that a read past the end is seen.
    std::unique_ptr<std::uint8_t[]> exact(new std::uint8_t[bytes.size()]);
    std::copy(bytes.begin(), bytes.end(), exact.get());
    fr_bonsai_t model;
    fr_status_t status = fr_bonsai_open(&model, exact.get(), bytes.size());
    if (status == FR_OK) {
        std::vector<std::int8_t> input(model.input_count, 77);
        fr_classification_t answer;
        EXPECT_EQ(fr_bonsai_classify(&model, input.data(), input.size(), &answer), FR_OK);
        EXPECT_LT(answer.class_index, model.class_count);
    }
    return status;
}

struct Case {
    const char* name;
    std::function<void(Bytes&)> spoil;
    fr_status_t status;
};

class BonsaiRefusalTest : public testing::TestWithParam<Case> {};

TEST_P(BonsaiRefusalTest, SaysSo) {
    Bytes bytes = small_tree();
    GetParam().spoil(bytes);
    EXPECT_EQ(open_status(bytes), GetParam().status);
}

const Case kCases[] = {
    {"fine", [](Bytes&) {}, FR_OK},
    {"magic", [](Bytes& b) { b[3] = 'X'; }, FR_ERROR_MALFORMED},
    {"version", [](Bytes& b) { b[4] = 2; }, FR_ERROR_UNSUPPORTED},
    {"no_features", [](Bytes& b) { b[5] = 0; }, FR_ERROR_MALFORMED},
    {"many_features", [](Bytes& b) { b[5] = 33; }, FR_ERROR_LIMIT},
    {"deep", [](Bytes& b) { b[6] = 7; }, FR_ERROR_LIMIT},
    {"one_class", [](Bytes& b) { b[7] = 1; }, FR_ERROR_MALFORMED},
    {"many_classes", [](Bytes& b) { b[7] = 65; }, FR_ERROR_LIMIT},
    {"no_inputs", [](Bytes& b) { b[8] = 0; }, FR_ERROR_MALFORMED},
    {"row_beyond_the_input", [](Bytes& b) { b[8] = 2; }, FR_ERROR_MALFORMED},
    {"projection_shift", [](Bytes& b) { b[11] = 32; }, FR_ERROR_MALFORMED},
    {"gate_shift", [](Bytes& b) { b[12] = 25; }, FR_ERROR_MALFORMED},
    {"score_shift", [](Bytes& b) { b[13] = 25; }, FR_ERROR_MALFORMED},
    {"confidence_shift", [](Bytes& b) { b[14] = 16; }, FR_ERROR_MALFORMED},
    {"reserved", [](Bytes& b) { b[15] = 1; }, FR_ERROR_MALFORMED},
    {"row_beyond_the_file", [](Bytes& b) { b[21] = 1; }, FR_ERROR_TRUNCATED},
    {"trailing_byte", [](Bytes& b) { b.push_back(0); }, FR_ERROR_MALFORMED},
    {"missing_byte", [](Bytes& b) { b.pop_back(); }, FR_ERROR_TRUNCATED},
    {"too_long", [](Bytes& b) { b.resize(FR_BONSAI_SIZE_MAX + 1); }, FR_ERROR_LIMIT},
};

INSTANTIATE_TEST_SUITE_P(Containers, BonsaiRefusalTest, testing::ValuesIn(kCases),
                         [](const auto& one) { return one.param.name; });

TEST(BonsaiRefusal, EveryCut) {
    const Bytes whole = small_tree();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_NE(open_status(Bytes(whole.begin(), whole.begin() + static_cast<long>(size))),
                  FR_OK);
    }
}

TEST(BonsaiRefusal, EveryByteChanged) {
    const Bytes whole = small_tree();
    for (std::size_t place = 0; place < whole.size(); ++place) {
        for (int change = 1; change < 256; ++change) {
            Bytes bytes = whole;
            bytes[place] = static_cast<std::uint8_t>(bytes[place] ^ change);
            open_status(bytes);
        }
    }
}

TEST(BonsaiRefusal, NullPointers) {
    fr_bonsai_t model;
    EXPECT_EQ(fr_bonsai_open(&model, nullptr, 16), FR_ERROR_ARGUMENT);
    EXPECT_EQ(fr_bonsai_open(nullptr, small_tree().data(), 16), FR_ERROR_ARGUMENT);
}

}  // namespace
}  // namespace frugal::test
