// SPDX-License-Identifier: Apache-2.0
// The energy ledger: what devices told since boot becomes totals that outlive boots and processes.
#include "core/energy.hpp"

#include "site_world.hpp"

namespace frugal::core {
namespace {

Health health_of(std::uint32_t boot_epoch, std::uint64_t inference_uj, std::uint64_t stream = 7) {
    Health health{.stream = {stream}, .boot_epoch = boot_epoch, .energy_uj = inference_uj + 40};
    health.energy_avoided_uj = 900;
    health.raw_bytes_avoided = 1000;
    health.inferences = 3;
    health.use_uj = {inference_uj, 20, 10, 0};
    health.use_bytes = {0, 200, 100, 0};
    health.raw_uj = 1000;
    health.raw_bytes = 1100;
    return health;
}

EnergyCounters totals(SiteWorld& world) {
    return world.get<EnergyView>(GetDeviceEnergy{device_id("dev")}).totals;
}

TEST(Energy, IsSplitByUseAndTheRestIsOther) {
    const auto counters = counters_of(health_of(1, 100));
    EXPECT_EQ(counters.use_uj[static_cast<int>(EnergyUse::kInference)], 100U);
    EXPECT_EQ(counters.used_uj(), 130U);
    EXPECT_EQ(counters.other_uj, 10U);
    EXPECT_EQ(counters.used_bytes(), 300U);
}

TEST(Energy, AddsUpBootsAndCountsEachOnce) {
    SiteWorld world;
    world.enrol("dev");
    world.say("dev", health_of(1, 100));
    world.say("dev", health_of(1, 150));
    EXPECT_EQ(totals(world).use_uj[0], 150U);
    world.say("dev", health_of(2, 10));
    EXPECT_EQ(totals(world).use_uj[0], 160U);
    EXPECT_EQ(totals(world).raw_bytes, 2200U);
    EXPECT_EQ(totals(world).inferences, 6U);
    EXPECT_EQ(world.get<Overview>(GetOverview{}).energy, totals(world));
}

struct LateCase {
    const char* case_name;
    Health late;
};

TEST(Energy, WhatComesLateChangesNothing) {
    const LateCase cases[] = {
        {"of an earlier boot", health_of(1, 400)},
        {"earlier in this boot", health_of(2, 5)},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.case_name);
        SiteWorld world;
        world.enrol("dev");
        world.say("dev", health_of(1, 100));
        world.say("dev", health_of(2, 10));
        world.say("dev", row.late);
        EXPECT_EQ(totals(world).use_uj[0], 110U);
    }
}

TEST(Energy, AFormattedDeviceStartsAnotherStreamButKeepsItsAccount) {
    SiteWorld world;
    world.enrol("dev");
    world.say("dev", health_of(9, 100));
    world.say("dev", health_of(1, 10, 8));
    EXPECT_EQ(totals(world).use_uj[0], 110U);
}

TEST(Energy, IsWrittenAtBootsAndNowAndThen) {
    SiteWorld world;
    world.enrol("dev");
    world.say("dev", health_of(1, 100));
    world.say("dev", health_of(1, 110));
    EXPECT_EQ(world.written<EnergyRecord>().size(), 1U);
    world.advance(std::chrono::minutes(11));
    world.say("dev", health_of(1, 120));
    EXPECT_EQ(world.written<EnergyRecord>().size(), 2U);
    world.say("dev", health_of(2, 10));
    const auto rows = world.written<EnergyRecord>();
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows.back().finished.use_uj[0], 120U);
    EXPECT_EQ(rows.back().current.use_uj[0], 10U);
}

TEST(Energy, IsWrittenAtGoodByeIfNotYet) {
    for (const bool is_will : {false, true}) {
        SCOPED_TRACE(is_will);
        const Bye bye{.stream = {7}, .unexpected = is_will};
        SiteWorld world;
        world.enrol("dev");
        world.say("dev", bye);
        EXPECT_TRUE(world.written<EnergyRecord>().empty()) << "it told nothing";
        world.say("dev", health_of(1, 100));
        world.say("dev", health_of(1, 110));
        world.say("dev", bye);
        ASSERT_EQ(world.written<EnergyRecord>().size(), 2U);
        EXPECT_EQ(world.written<EnergyRecord>().back().current.use_uj[0], 110U);
        world.say("dev", bye);
        EXPECT_EQ(world.written<EnergyRecord>().size(), 2U);
    }
}

TEST(Energy, GoesOnAfterARestartOfTheGateway) {
    SiteWorld before;
    before.enrol("dev");
    before.say("dev", health_of(1, 100));
    before.say("dev", health_of(2, 10));
    Snapshot snapshot;
    snapshot.devices = {before.written<DeviceRecord>().back()};
    snapshot.energy = {before.written<EnergyRecord>().back()};
    SiteWorld after({}, std::move(snapshot));
    EXPECT_EQ(totals(after).use_uj[0], 110U);
    after.say("dev", health_of(2, 30));
    EXPECT_EQ(totals(after).use_uj[0], 130U);
    after.say("dev", health_of(3, 1));
    EXPECT_EQ(totals(after).use_uj[0], 131U);
}

TEST(Energy, SumsStopBeforeTheyOverflow) {
    EnergyCounters full;
    full.raw_uj = kEnergySumMax;
    EXPECT_EQ(sum_of(full, full).raw_uj, kEnergySumMax);
    EXPECT_EQ(sum_of(full, full).raw_bytes, 0U);
}

TEST(Energy, IsListedInPagesWithTheFleetInFront) {
    SiteWorld world;
    for (const auto* id : {"b", "a", "c"}) {
        world.enrol(id);
        world.say(id, health_of(1, 100));
    }
    auto page = world.get<EnergyPage>(ListEnergy{{}, 2});
    EXPECT_EQ(page.fleet.use_uj[0], 300U);
    ASSERT_EQ(page.devices.size(), 2U);
    EXPECT_EQ(page.devices[0].device.text(), "a");
    EXPECT_TRUE(page.has_more);
    page = world.get<EnergyPage>(ListEnergy{page.devices[1].device, 2});
    ASSERT_EQ(page.devices.size(), 1U);
    EXPECT_FALSE(page.has_more);
}

}  // namespace
}  // namespace frugal::core
