// SPDX-License-Identifier: Apache-2.0
#include "device-sim/device/energy_model.hpp"

#include <gtest/gtest.h>

#include <string>

namespace frugal::swarm {
namespace {

constexpr std::uint64_t kKeywordSpotting = 2'660'000;

/// MLPerf Tiny's median energies in microjoules (design of the offload policy, section 2.1) and the
/// multiply-accumulates of its networks.
struct ComputeRow {
    const char* profile;
    const char* network;
    std::uint64_t multiply_accumulates;
    double energy_uj;
};
constexpr ComputeRow kComputeRows[] = {
    {"tiny", "kws", 2'660'000, 245},   {"tiny", "ic", 12'500'000, 966},
    {"tiny", "vww", 7'490'000, 519},   {"tiny", "ad", 264'000, 32},
    {"m4", "kws", 2'660'000, 1820},    {"m4", "ic", 12'500'000, 6919},
    {"m4", "vww", 7'490'000, 3895},    {"m4", "ad", 264'000, 203},
    {"esp32", "kws", 2'660'000, 1376}, {"esp32", "ic", 12'500'000, 5090},
    {"esp32", "vww", 7'490'000, 2965}, {"esp32", "ad", 264'000, 166},
};

TEST(EnergyModel, EveryDeviceIsWithinAQuarterOfThePublishedInferences) {
    for (const auto& row : kComputeRows) {
        SCOPED_TRACE(std::string(row.profile) + " " + row.network);
        for (std::uint64_t seed = 0; seed < 100; ++seed) {
            EnergyModel model(*find_device_profile(row.profile), seed);
            EXPECT_NEAR(model.spend_inference_uj(row.multiply_accumulates), row.energy_uj,
                        0.25 * row.energy_uj);
        }
    }
}

TEST(EnergyModel, InferenceTakesAsLongAsPublished) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        EnergyModel model(*find_device_profile("m4"), seed);
        EXPECT_NEAR(static_cast<double>(model.inference_time(kKeywordSpotting).count()), 43200,
                    4400);
    }
}

/// Energy to escalate one task, session up (section 2.2).
struct RadioRow {
    const char* profile;
    std::size_t bytes;
    double energy_uj;
};
constexpr RadioRow kRadioRows[] = {
    {"tiny", 64, 33},     {"tiny", 490, 131},    {"tiny", 640, 161},     {"tiny", 3072, 714},
    {"tiny", 9216, 2100}, {"m4", 64, 133},       {"m4", 490, 966},       {"m4", 640, 1170},
    {"m4", 3072, 5650},   {"m4", 9216, 16900},   {"esp32", 64, 5000},    {"esp32", 490, 5200},
    {"esp32", 640, 5300}, {"esp32", 3072, 6800}, {"esp32", 9216, 10400},
};

TEST(EnergyModel, EscalationsAreWithinAQuarterOfTheTables) {
    for (const auto& row : kRadioRows) {
        SCOPED_TRACE(std::string(row.profile) + " " + std::to_string(row.bytes));
        EnergyModel model(*find_device_profile(row.profile), 1);
        EXPECT_NEAR(model.spend_message_uj(row.bytes, Milliseconds{1000}), row.energy_uj,
                    0.25 * row.energy_uj);
    }
}

TEST(EnergyModel, FlashCostsByTheByte) {
    EnergyModel model(*find_device_profile("m4"), 1);
    EXPECT_NEAR(model.spend_flash_uj({4096, 1024}), 4096 * 0.311 + 1024 * 0.154, 1e-6);
    EXPECT_NEAR(model.spent_uj(), 4096 * 0.311 + 1024 * 0.154, 1e-6);
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
