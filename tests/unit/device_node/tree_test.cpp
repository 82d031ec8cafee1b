// SPDX-License-Identifier: Apache-2.0
// A Bonsai tree over the air: a release like any other, told by its first bytes, in a firmware that
// carries the code for trees.
#include <cstdio>

#include "frugal/codec.h"
#include "frugal/self_test.h"
#include "node_fixture.hpp"

namespace frugal::test {
namespace {

constexpr const char* kTree = "fashion-bonsai.frbn";

Shape tree_shape() {
    Shape shape;
    shape.bonsai = &fr_bonsai_kernel;
    shape.slot_bytes = 12 * 1024;
    return shape;
}

std::array<std::uint8_t, 784> picture(std::uint32_t seed) {
    std::array<std::uint8_t, 784> input{};
    fr_self_test_input(seed, input.data(), input.size());
    return input;
}

class Tree : public NodeTest {
protected:
    static int decide(DeviceWorld& device, std::uint32_t seed) {
        const auto input = picture(seed);
        const fr_submission_t submission{1, input.data(), input.size(), 1000, FR_PRIVACY_PUBLIC};
        EXPECT_EQ(fr_node_submit(&device.node, &submission, device.now_ms, &device.last), FR_OK);
        device.run(50);
        return device.last.local_class;
    }
};

TEST_F(Tree, IsInstalledTestedAndDecides) {
    DeviceWorld device(maker(), tree_shape());
    ASSERT_EQ(device.boot(), FR_OK);
    const auto release = maker().make(kTree, 1);
    device.install(release);
    ASSERT_EQ(device.status().phase, FR_PHASE_CONFIRMED);
    fr_bonsai_t tree;
    ASSERT_EQ(fr_bonsai_open(&tree, release.model.data(), release.model.size()), FR_OK);
    for (std::uint32_t seed = 1; seed < 20; ++seed) {
        const auto input = picture(seed);
        fr_classification_t expected;
        ASSERT_EQ(fr_bonsai_classify(&tree, reinterpret_cast<const std::int8_t*>(input.data()),
                                     input.size(), &expected),
                  FR_OK);
        EXPECT_EQ(decide(device, seed), expected.class_index);
        EXPECT_EQ(device.last.local_confidence_q8, expected.confidence_q8);
    }
    ASSERT_EQ(device.boot(), FR_OK);
    EXPECT_EQ(device.status().release, 1U) << "from flash, after a reboot";
    expect_sound(device);
}

TEST_F(Tree, TakesTurnsWithATfliteModel) {
    DeviceWorld device(maker(), tree_shape());
    ASSERT_EQ(device.boot(), FR_OK);
    device.install(maker().make("fashion-tiny-1.tflite", 1));
    device.install(maker().make(kTree, 2));
    EXPECT_EQ(device.status().release, 2U);
    device.install(maker().make("fashion-tiny-2.tflite", 3));
    EXPECT_EQ(device.status().release, 3U);
    decide(device, 7);
    expect_sound(device);
}

TEST_F(Tree, AFirmwareWithoutTreesRefusesIt) {
    DeviceWorld device(maker(), Shape{});
    ASSERT_EQ(device.boot(), FR_OK);
    device.install(maker().make(kTree, 1));
    EXPECT_EQ(device.status().phase, FR_PHASE_REFUSED);
    EXPECT_EQ(device.status().reason, FR_REASON_UNFIT_OPS);
    EXPECT_FALSE(device.status().has_model);
    // Even if the manifest keeps silent about it.
    device.install(maker().make(kTree, 2, 256, [](auto& manifest) { manifest.clear_operators(); }));
    EXPECT_EQ(device.status().reason, FR_REASON_UNFIT_OPS);
    EXPECT_FALSE(device.status().has_model);
}

TEST_F(Tree, AFailedSelfTestNeverRuns) {
    DeviceWorld device(maker(), tree_shape());
    ASSERT_EQ(device.boot(), FR_OK);
    device.install(maker().make(kTree, 1, 256, [](auto& manifest) {
        manifest.mutable_self_tests(0)->mutable_output_digest()->at(3) ^= 1;
    }));
    EXPECT_EQ(device.status().reason, FR_REASON_SELF_TEST_FAILED);
    EXPECT_FALSE(device.status().has_model);
}

TEST_F(Tree, TravelsWithLittleAroundIt) {
    const auto release = maker().make(kTree, 1);
    const auto manifest = release.signed_manifest.content().size();
    const auto header = FR_CODEC_HEADER_SIZE + release.artifact.layout.list_bytes;
    std::printf(
        "%zu bytes of tree: %zu travel, of which %u block list and header, + %zu manifest + "
        "64 signature\n",
        release.model.size(), release.artifact.bytes.size(), static_cast<unsigned>(header),
        manifest);
    EXPECT_LE(header, 160U);
    EXPECT_LE(release.artifact.bytes.size(), release.model.size() + 160U);
}

}  // namespace
}  // namespace frugal::test
