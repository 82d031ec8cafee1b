// SPDX-License-Identifier: Apache-2.0
// A node with a streaming model: what it remembers between samples, and what makes it forget.
#include "node_fixture.hpp"
#include "unit/device_runtime/streaming_models.hpp"

namespace frugal::test {
namespace {

constexpr std::uint32_t kStateBytes = 12;  // ten scores, rounded up to words
constexpr std::int32_t kClasses = 10;

/// Answers each sample with the first bytes of the sample before.
base::Bytes echo_model(std::int32_t scores = kClasses) {
    constexpr float kScale = 1.0F / 256;
    ModelSpec spec;
    spec.tensors = {activation({1, 784}, kScale, -128),
                    handle(),
                    activation({1, scores}, kScale, -128),
                    numbers({2}, {0, 0}),
                    numbers({2}, {1, scores}),
                    numbers({2}, {1, 1}),
                    activation({1, scores}, kScale, -128)};
    spec.operators = {variable_handle(1, "last"), plain_operator(kReadVariable, 1, {1}, {2}),
                      plain_operator(kStridedSlice, 2, {0, 3, 4, 5}, {6}, 32),
                      plain_operator(kAssignVariable, 1, {1, 6}, {})};
    spec.inputs = {0};
    spec.outputs = {2};
    return write_model(spec);
}

Shape streaming_shape(std::uint32_t state_bytes) {
    Shape shape;
    shape.operators = &fr_operators_all;
    shape.state_bytes = state_bytes;
    return shape;
}

class Streaming : public NodeTest {
protected:
    /// Submits a sample whose class is `sample`; returns the class decided.
    static int decide_on(DeviceWorld& device, int sample) {
        std::array<std::uint8_t, 784> input;
        input.fill(0x80);
        input[static_cast<std::size_t>(sample)] = 0x7f;
        const fr_submission_t submission{1, input.data(), input.size(), 1000, FR_PRIVACY_PUBLIC};
        EXPECT_EQ(fr_node_submit(&device.node, &submission, device.now_ms, &device.last), FR_OK);
        device.run(50);
        return device.last.local_class;
    }
};

TEST_F(Streaming, RemembersTheSampleBeforeThoughTheArenaIsLentOut) {
    DeviceWorld device(maker(), streaming_shape(kStateBytes));
    ASSERT_EQ(device.boot(), FR_OK);
    device.install(maker().make_of(echo_model(), 1));
    ASSERT_EQ(device.status().phase, FR_PHASE_CONFIRMED);
    decide_on(device, 3);
    EXPECT_EQ(decide_on(device, 7), 3);
    EXPECT_EQ(decide_on(device, 1), 7);
    expect_sound(device);
}

TEST_F(Streaming, OneScoreIsAWakeWordOrNone) {
    auto shape = streaming_shape(kStateBytes);
    shape.classes = 2;
    DeviceWorld device(maker(), shape);
    ASSERT_EQ(device.boot(), FR_OK);
    device.install(maker().make_of(echo_model(1), 1));
    ASSERT_EQ(device.status().phase, FR_PHASE_CONFIRMED);
    decide_on(device, 0);  // a high score for the next
    EXPECT_EQ(decide_on(device, 5), 1);
    EXPECT_EQ(decide_on(device, 5), 0);
    expect_sound(device);
}

TEST_F(Streaming, StartsAfreshAtABootAndWithANewModel) {
    DeviceWorld device(maker(), streaming_shape(kStateBytes));
    ASSERT_EQ(device.boot(), FR_OK);
    device.install(maker().make_of(echo_model(), 1));
    decide_on(device, 3);
    ASSERT_EQ(device.boot(), FR_OK);
    EXPECT_EQ(decide_on(device, 5), 0) << "the state's zero points";
    EXPECT_EQ(decide_on(device, 5), 5);
    device.install(maker().make_of(echo_model(), 2));
    ASSERT_EQ(device.status().release, 2U);
    expect_sound(device);
}

TEST_F(Streaming, ATaskWithoutRoomForItsStateRefusesTheModel) {
    for (const std::uint32_t room : {0U, kStateBytes - 1}) {
        DeviceWorld device(maker(), streaming_shape(room));
        ASSERT_EQ(device.boot(), FR_OK);
        device.install(maker().make_of(echo_model(), 1));
        EXPECT_EQ(device.status().reason, FR_REASON_UNFIT_ARENA);
        EXPECT_FALSE(device.status().has_model);
    }
}

}  // namespace
}  // namespace frugal::test
