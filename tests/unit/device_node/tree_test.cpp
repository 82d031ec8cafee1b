// SPDX-License-Identifier: Apache-2.0
// A Bonsai tree over the air: a release like any other, told by its first bytes, in a firmware that
// carries the code for trees.
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

TEST_F(Tree, TravelsWithoutABlockList) {
    const auto release = maker().make(kTree, 1);
    EXPECT_EQ(release.artifact.layout.list_bytes, 0U);
    EXPECT_EQ(release.artifact.layout.first_blocks, release.artifact.layout.block_count);
    EXPECT_LT(release.artifact.bytes.size(), release.model.size());
}

TEST_F(Tree, ATamperedBlockCostsTheWholeShortArtifact) {
    DeviceWorld device(maker(), tree_shape());
    ASSERT_EQ(device.boot(), FR_OK);
    int left = 1;
    device.lose_down = [&left](const Down& down) {
        if (down.kind == FR_DOWN_CHUNK && left > 0) {
            const_cast<Down&>(down).payload.back() ^= 1U;
            --left;
        }
        return false;
    };
    const auto release = maker().make(kTree, 1);
    device.install(release);
    EXPECT_EQ(device.status().phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(device.counters().blocks_bad, 1U);
    EXPECT_EQ(device.counters().blocks_received, 2 * release.artifact.layout.block_count);
}

TEST_F(Tree, BlocksThatAreNeverRightEndTheAttempt) {
    DeviceWorld device(maker(), tree_shape());
    ASSERT_EQ(device.boot(), FR_OK);
    device.lose_down = [](const Down& down) {
        if (down.kind == FR_DOWN_CHUNK) {
            const_cast<Down&>(down).payload.back() ^= 1U;
        }
        return false;
    };
    device.install(maker().make(kTree, 1));
    device.run(400000);
    EXPECT_EQ(device.status().reason, FR_REASON_BAD_BLOCK);
    EXPECT_FALSE(device.status().has_model);
}

TEST_F(Tree, AShortArtifactGoesOnAfterAReboot) {
    DeviceWorld device(maker(), tree_shape());
    ASSERT_EQ(device.boot(), FR_OK);
    int left = 4;
    device.lose_down = [&left](const Down& down) {
        return down.kind == FR_DOWN_CHUNK && left-- <= 0;
    };
    device.install(maker().make(kTree, 1));
    ASSERT_EQ(device.status().phase, FR_PHASE_TRANSFER);
    device.lose_down = nullptr;
    const auto received = device.counters().blocks_received;
    ASSERT_EQ(received, 4U);
    ASSERT_EQ(device.boot(), FR_OK);
    device.install(maker().make(kTree, 1));
    EXPECT_EQ(device.status().phase, FR_PHASE_CONFIRMED);
    expect_sound(device);
}

}  // namespace
}  // namespace frugal::test
