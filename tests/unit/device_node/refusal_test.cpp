// SPDX-License-Identifier: Apache-2.0
// Everything that can be refused is refused before a byte travels or flash is written for it.
#include "node_fixture.hpp"

namespace frugal::test {
namespace {

struct Case {
    std::string case_name;
    ManifestChange change;
    fr_reason_t reason;
};

class Refusal : public NodeTest, public testing::WithParamInterface<Case> {};

TEST_P(Refusal, BeforeBlockZero) {
    start();
    const auto release = maker().make("fashion-tiny-2.tflite", 2, 256, GetParam().change);
    world.site.chunk_bytes_sent = 0;
    std::vector<std::string> writes;
    world.flash.guard = [this](std::uint32_t offset, std::uint32_t) -> std::string {
        return offset >= world.node.layout.journal ? "written before the refusal" : "";
    };
    pursue(release);
    EXPECT_EQ(world.status().phase, FR_PHASE_REFUSED);
    EXPECT_EQ(world.status().reason, GetParam().reason);
    EXPECT_EQ(world.site.chunk_bytes_sent, 0U);
    EXPECT_TRUE(was_reported(FR_PHASE_REFUSED, GetParam().reason));
    EXPECT_EQ(world.status().release, 1U);
    EXPECT_EQ(world.submit(), FR_OK) << "the old model still decides";
    world.flash.guard = {};
    world.install(second());
    EXPECT_EQ(world.status().release, 2U) << "a fit one is taken afterwards";
}

const std::vector<Case> kCases = {
    {"downgrade", [](auto& m) { m.set_counter(1); }, FR_REASON_DOWNGRADE},
    {"arena", [](auto& m) { m.set_arena_bytes(6 * 1024 + 1); }, FR_REASON_UNFIT_ARENA},
    {"state", [](auto& m) { m.set_state_bytes(1); }, FR_REASON_UNFIT_ARENA},
    {"slot", [](auto& m) { m.set_model_bytes(12 * 1024 + 1); }, FR_REASON_NO_SPACE},
    {"operator", [](auto& m) { m.add_operators(250 * 256 + 1); }, FR_REASON_UNFIT_OPS},
    {"operator_version", [](auto& m) { m.add_operators(3 * 256 + 99); }, FR_REASON_UNFIT_OPS},
    {"input_size", [](auto& m) { m.set_input_bytes(783); }, FR_REASON_UNFIT_IO},
    {"class_count", [](auto& m) { m.set_output_classes(9); }, FR_REASON_UNFIT_IO},
    {"task_of_the_manifest", [](auto& m) { m.set_task(2); }, FR_REASON_UNFIT_IO},
    {"runtime_abi", [](auto& m) { m.set_runtime_abi(2); }, FR_REASON_UNFIT_RUNTIME},
    {"device_class", [](auto& m) { m.set_device_class("m4"); }, FR_REASON_UNFIT_RUNTIME},
    {"no_digest", [](auto& m) { m.clear_model_digest(); }, FR_REASON_BAD_SIGNATURE},
    {"other_format", [](auto& m) { m.set_format(2); }, FR_REASON_BAD_SIGNATURE},
};

INSTANTIATE_TEST_SUITE_P(Reasons, Refusal, testing::ValuesIn(kCases),
                         [](const auto& instance) { return instance.param.case_name; });

class Signature : public NodeTest {};

TEST_F(Signature, EveryChangedByteIsRefused) {
    start();
    const auto content = second().signed_manifest.content();
    for (std::size_t i = 0; i < content.size(); i += 7) {
        auto tampered = second();
        auto changed = content;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        tampered.signed_manifest.set_content(changed);
        want(tampered);
        ASSERT_EQ(world.status().phase, FR_PHASE_REFUSED) << i;
        ASSERT_EQ(world.status().reason, FR_REASON_BAD_SIGNATURE) << i;
    }
}

TEST_F(Signature, OfAnotherKeyIsRefused) {
    start();
    const ReleaseMaker stranger;
    pursue(stranger.make("fashion-tiny-2.tflite", 2));
    EXPECT_EQ(world.status().reason, FR_REASON_BAD_SIGNATURE);
}

TEST_F(Signature, AnOfferWithoutAnArtifactIsRefused) {
    start();
    world.site.offers_artifact = false;
    pursue(second());
    EXPECT_EQ(world.status().phase, FR_PHASE_REFUSED);
    EXPECT_EQ(world.status().reason, FR_REASON_BASE_MISSING);
}

TEST_F(Signature, ADeltaOfAModelThatDoesNotRunIsRefused) {
    start();
    pursue(maker().tune(second(), 2));
    EXPECT_EQ(world.status().phase, FR_PHASE_REFUSED);
    EXPECT_EQ(world.status().reason, FR_REASON_BASE_MISSING);
    world.install(second());
    EXPECT_EQ(world.status().release, 2U) << "in full it is taken";
}

TEST_F(Signature, ADeltaOfTheOtherSlotIsRefused) {
    start();
    world.install(second());
    pursue(maker().tune(first(), 3));
    EXPECT_EQ(world.status().reason, FR_REASON_BASE_MISSING) << "that slot is the one written";
}

TEST_F(Signature, AnEncodingItCannotDecodeIsRefused) {
    start();
    auto strange = second();
    strange.decoder_profile = 9;
    pursue(strange);
    EXPECT_EQ(world.status().reason, FR_REASON_UNFIT_RUNTIME);
    auto hungry = second();
    hungry.decoder_ram_bytes = 1U << 20;
    pursue(hungry);
    EXPECT_EQ(world.status().reason, FR_REASON_UNFIT_RUNTIME);
}

TEST_F(Signature, AnArtifactLargerThanStagingIsRefused) {
    Shape shape;
    shape.staging_bytes = 4096;
    DeviceWorld small(maker(), shape);
    ASSERT_EQ(small.boot(), FR_OK);
    small.site.want(second());
    small.connect();
    small.run(5000);
    EXPECT_EQ(small.status().reason, FR_REASON_NO_SPACE);
    expect_sound(small);
}

TEST_F(Signature, AReplayedOldManifestIsADowngrade) {
    start();
    world.install(second());
    pursue(first());
    EXPECT_EQ(world.status().phase, FR_PHASE_REFUSED);
    EXPECT_EQ(world.status().reason, FR_REASON_DOWNGRADE);
    EXPECT_EQ(world.status().release, 2U);
}

}  // namespace
}  // namespace frugal::test
