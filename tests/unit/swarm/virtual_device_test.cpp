// SPDX-License-Identifier: Apache-2.0
#include "device-sim/device/virtual_device.hpp"

#include <gtest/gtest.h>

#include "device-sim/fleet/message_view.hpp"

namespace frugal::swarm {
namespace {

class FixedSensor : public Sensor {
public:
    std::size_t input_bytes() const override { return 784; }
    std::size_t class_count() const override { return 10; }
    void measure(Random&, Sample& sample) const override {
        sample.input.assign(784, 1);
        sample.label = 3;
    }
};

class RecordingHost : public DeviceHost {
public:
    bool send(fr_up_kind_t kind, ByteView payload) override {
        sent.emplace_back(kind, Bytes(payload.begin(), payload.end()));
        return true;
    }
    void join_shared(ByteView) override {}
    void leave_shared(ByteView) override {}
    std::uint16_t rtt_ms() const override { return 20; }
    void on_decided(const fr_decision_t&, std::optional<int>) override { ++decisions; }
    void on_phase(std::uint32_t, fr_phase_t, fr_reason_t) override {}

    std::vector<std::pair<fr_up_kind_t, Bytes>> sent;
    int decisions = 0;
};

class VirtualDeviceTest : public testing::TestWithParam<const char*> {
protected:
    VirtualDeviceTest() {
        environment.site = "site";
        environment.sensor = &sensor;
        environment.verifier = &verifier;
        environment.task = {1, 784, 10, FR_PRIVACY_EDGE_ONLY, nullptr, 0};
    }
    std::unique_ptr<VirtualDevice> make() {
        auto device = VirtualDevice::create(
            environment, {"d-0001", find_device_profile(GetParam()), 5, 6, std::nullopt}, host);
        return device ? std::move(*device) : nullptr;
    }
    FixedSensor sensor;
    SignatureVerifier verifier;
    RecordingHost host;
    DeviceEnvironment environment;
};

TEST_P(VirtualDeviceTest, SaysHelloWhenConnectedAndDecidesNothingWithoutAModel) {
    const auto device = make();
    ASSERT_TRUE(device);
    ASSERT_TRUE(device->boot(Milliseconds{1000}));
    device->on_connected(Milliseconds{1010});
    for (int i = 0; i < 10 && host.sent.empty(); ++i) {
        device->tick(device->next_deadline().value_or(Milliseconds{2000}));
    }
    ASSERT_FALSE(host.sent.empty());
    EXPECT_EQ(host.sent[0].first, FR_UP_HELLO);
    EXPECT_EQ(device->sample(Milliseconds{3000}), VirtualDevice::SampleOutcome::kNoModel);
    EXPECT_EQ(device->flash_violations(), 0u);
    EXPECT_FALSE(device->will().empty());
}

TEST_P(VirtualDeviceTest, KeepsItsStreamAcrossBootsAndCountsThem) {
    const auto device = make();
    ASSERT_TRUE(device->boot(Milliseconds{0}));
    const std::uint64_t stream = fr_node_stream(&device->node());
    const std::uint32_t epoch = fr_node_boot_epoch(&device->node());
    device->lose_power();
    EXPECT_FALSE(device->is_alive());
    EXPECT_FALSE(device->next_deadline());
    ASSERT_TRUE(device->boot(Milliseconds{500}));
    EXPECT_EQ(fr_node_stream(&device->node()), stream);
    EXPECT_EQ(fr_node_boot_epoch(&device->node()), epoch + 1);
}

TEST_P(VirtualDeviceTest, BootsAfterACutAtEveryOperationOfTheFirstBoot) {
    bool was_cut = true;
    int cuts = 0;
    for (std::uint64_t operation = 1; was_cut; ++operation) {
        const auto device = make();
        device->cut_power_after(operation);
        const auto first = device->boot(Milliseconds{0});
        was_cut = !device->is_alive();
        EXPECT_EQ(first.has_value(), !was_cut) << operation;
        cuts += was_cut ? 1 : 0;
        if (was_cut) {
            ASSERT_TRUE(device->boot(Milliseconds{6000})) << operation;
        }
        EXPECT_EQ(device->flash_violations(), 0u) << operation;
        ASSERT_LT(operation, 10000u);
    }
    EXPECT_GT(cuts, 3);
}

INSTANTIATE_TEST_SUITE_P(Classes, VirtualDeviceTest, testing::Values("tiny", "m4", "esp32"),
                         [](const auto& entry) { return std::string(entry.param); });

TEST(MessageView, RefusesGarbage) {
    EXPECT_FALSE(view_decisions(Bytes{0xff, 0xff}));
    EXPECT_FALSE(view_escalate(Bytes{0x0a}));
}

}  // namespace
}  // namespace frugal::swarm
