// SPDX-License-Identifier: Apache-2.0
// What the exported C says. That it compiles and runs is the test in tests/export.
#include "model/export/c_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "unit/device_bonsai/small_tree.hpp"
#include "unit/device_runtime/streaming_models.hpp"

namespace frugal::model {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(CSourceTest, SaysWhatAFirmwareNeeds) {
    test::ModelSpec spec = test::delay_model();
    spec.tensors[0].name = "in */ #error";
    auto text = export_c(test::write_model(spec), "wake");
    ASSERT_TRUE(text) << text.error().describe();
    EXPECT_THAT(text->header, HasSubstr("#define WAKE_STATE_BYTES 8u\n"));
    EXPECT_THAT(text->header, HasSubstr("#define WAKE_INPUT_0_SHAPE {1, 4}\n"));
    EXPECT_THAT(text->header, HasSubstr("#define WAKE_INPUT_0_ZERO_POINT (9)\n"));
    EXPECT_THAT(text->header, HasSubstr("#define WAKE_INPUT_0_SCALE_BITS 0x3dcccccdu"));
    EXPECT_THAT(text->header, HasSubstr("extern const fr_operator_set_t wake_operators;\n"));
    EXPECT_THAT(text->source, HasSubstr("&fr_kernel_concatenation, /* CONCATENATION */\n"));
    EXPECT_THAT(text->source, Not(HasSubstr("fr_kernel_softmax")));
    // A name from the file cannot end its comment.
    EXPECT_THAT(text->header, HasSubstr("in _/ #error INT8"));
}

TEST(CSourceTest, HoldsEveryByte) {
    auto text = export_c(test::small_tree(), "tree");
    ASSERT_TRUE(text);
    EXPECT_THAT(text->source, HasSubstr("    0x46, 0x52, 0x42, 0x4e, 0x01,"));
    EXPECT_THAT(text->header, HasSubstr("#define TREE_SIZE_BYTES 38u\n"));
    EXPECT_THAT(text->header, HasSubstr("#include \"frugal/bonsai.h\"\n"));
    EXPECT_THAT(text->header, HasSubstr("#define TREE_INPUT_0_ZERO_POINT (-1)\n"));
}

TEST(CSourceTest, EveryNameItDefinesBeginsWithTheGivenOne) {
    const auto text = export_c(test::write_model(test::delay_model()), "wake");
    ASSERT_TRUE(text);
    const std::string both = text->header + text->source;
    const std::regex defined(R"(#define (\w+)|(?:const|\*) (\w+)(?:\[| =|;))");
    int names = 0;
    for (auto at = std::sregex_iterator(both.begin(), both.end(), defined);
         at != std::sregex_iterator(); ++at) {
        const std::string name = (*at)[1].str() + (*at)[2].str();
        EXPECT_TRUE(name.starts_with("wake_") || name.starts_with("WAKE_") ||
                    name == "fr_operator_set_t" || name == "uint8_t")
            << "two exports in one unit would both define " << name;
        ++names;
    }
    EXPECT_GT(names, 10);
    EXPECT_THAT(text->source, HasSubstr("const fr_kernel_t* const wake_kernels[] = {"));
    EXPECT_THAT(text->source, HasSubstr("wake_model[WAKE_SIZE_BYTES] WAKE_ALIGNED = {"));
}

TEST(CSourceTest, NamesMustBeC) {
    for (const char* name : {"a", "Model_2", "wake_word"}) {
        EXPECT_TRUE(is_c_name(name)) << name;
    }
    for (const char* name : {"", "2fast", "_x", "a-b", "a b", "a.b", "ä"}) {
        EXPECT_FALSE(is_c_name(name)) << name;
        EXPECT_EQ(export_c(test::small_tree(), name).error().kind, base::ErrorKind::kInvalidInput);
    }
}

TEST(CSourceTest, WhatADeviceCannotRunIsRefusedWithTheReason) {
    test::ModelSpec spec = test::delay_model();
    spec.operators.back().version = 99;
    auto text = export_c(test::write_model(spec), "model");
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().kind, base::ErrorKind::kUnsupported);
    EXPECT_THAT(text.error().describe(), HasSubstr("CONCATENATION version 99"));
    EXPECT_EQ(export_c(base::Bytes(7), "model").error().kind, base::ErrorKind::kInvalidInput);
}

}  // namespace
}  // namespace frugal::model
