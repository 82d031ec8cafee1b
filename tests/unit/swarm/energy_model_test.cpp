// SPDX-License-Identifier: Apache-2.0
#include "device-sim/device/energy_model.hpp"

#include <gtest/gtest.h>

namespace frugal::swarm {
namespace {

constexpr std::uint64_t kKeywordSpotting = 2'660'000;

TEST(EnergyModel, StaysWithinTenPercentOfThePublishedFigures) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        EnergyModel model(*find_device_profile("m4"), seed);
        EXPECT_NEAR(model.spend_inference_uj(kKeywordSpotting), 1820, 183);
        EXPECT_NEAR(static_cast<double>(model.inference_time(kKeywordSpotting).count()), 43200,
                    4400);
    }
}

TEST(EnergyModel, EscalationsCostWhatTheTablesSay) {
    EnergyModel thread(*find_device_profile("m4"), 1);
    EXPECT_NEAR(thread.spend_message_uj(64, Milliseconds{1000}), 133, 1);
    EnergyModel wifi(*find_device_profile("esp32"), 1);
    EXPECT_NEAR(wifi.spend_message_uj(640, Milliseconds{1000}), 5300, 100);
}

TEST(EnergyModel, ABurstSharesOneRadioEvent) {
    EnergyModel model(*find_device_profile("esp32"), 1);
    const double first = model.spend_message_uj(100, Milliseconds{1000});
    const double second = model.spend_message_uj(100, Milliseconds{1010});
    EXPECT_GT(first, 5000);
    EXPECT_LT(second, 100);
    EXPECT_DOUBLE_EQ(model.spent_uj(), first + second);
}

TEST(EnergyModel, TheBatteryRunsDownToZero) {
    EnergyModel model(*find_device_profile("tiny"), 1);
    EXPECT_GE(model.battery_half_percent(), 119);
    EXPECT_LE(model.battery_half_percent(), 200);
    for (int i = 0; i < 20000; ++i) {
        model.spend_handshake_uj(false);
    }
    EXPECT_EQ(model.battery_half_percent(), 0);
}

TEST(DeviceProfile, KnowsThreeClasses) {
    EXPECT_EQ(device_profiles().size(), 3u);
    EXPECT_EQ(find_device_profile("tiny")->slot_bytes, 16u * 1024);
    EXPECT_EQ(find_device_profile("none"), nullptr);
}

}  // namespace
}  // namespace frugal::swarm
