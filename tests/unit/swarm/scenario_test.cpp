// SPDX-License-Identifier: Apache-2.0
#include "device-sim/scenarios/scenario.hpp"

#include <gtest/gtest.h>

#include "device-sim/fleet/fleet.hpp"

namespace frugal::swarm {
namespace {

TEST(Scenario, EveryShippedOneParses) {
    const std::filesystem::path folder =
        std::filesystem::path(FRUGAL_SOURCE_DIR) / "device-sim" / "scenarios";
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".toml") {
            const auto scenario = load_scenario(entry.path());
            ASSERT_TRUE(scenario) << scenario.error().describe();
            EXPECT_EQ(scenario->name, entry.path().stem().string());
            ++count;
        }
    }
    EXPECT_GE(count, 6);
}

TEST(Scenario, ReadsEveryTable) {
    const auto scenario = parse_scenario(R"(
        name = "x"
        [fleet]
        seed = 9
        one_slot = true
        decisions_per_second = 3
        classes = { tiny = 2, esp32 = 1 }
        [link]
        loss_bad = 0.5
        reorder = 0.1
        [[power_cut]]
        class = "tiny"
        phase = "staged"
        flash_operations = 0
        [[storm]]
        at_ms = 5
        [hostile]
        attack = "downgrade"
        [end]
        decisions_acked = 7
        drain_ms = 9
    )",
                                         "test");
    ASSERT_TRUE(scenario) << scenario.error().describe();
    EXPECT_EQ(scenario->seed, 9u);
    EXPECT_TRUE(scenario->one_slot);
    EXPECT_DOUBLE_EQ(scenario->decisions_per_second, 3.0);
    EXPECT_EQ(scenario->classes.at("tiny"), 2u);
    EXPECT_DOUBLE_EQ(scenario->link.loss.loss_bad, 0.5);
    EXPECT_EQ(scenario->power_cuts.at(0).flash_operations, 1u) << "at least one";
    EXPECT_EQ(scenario->storms.at(0).at, Milliseconds{5});
    EXPECT_EQ(scenario->hostile.expected_reason, "DOWNGRADE");
    EXPECT_EQ(scenario->end.decisions_acked, 7u);
    EXPECT_EQ(scenario->drain_limit, Milliseconds{9});
}

TEST(Scenario, SaysWhereItIsWrong) {
    const std::pair<const char*, const char*> cases[] = {
        {"[fleet]\ncolour = 1", "line 2, column 10: unknown key 'colour'"},
        {"nonsense = ", "line 1"},
        {"[link]\nloss_bad = 1.5", "line 2, column 12: 'loss_bad' must be a number from 0 to 1"},
        {"[fleet]\ndevices = \"many\"", "'devices' must be an integer"},
        {"[fleet]\ndevices = -1", "'devices' must be an integer"},
        {"[power_cut]\nphase = \"any\"", "written [[power_cut]]"},
        {"[[power_cut]]\nclass = \"huge\"", "'class' must be tiny, m4 or esp32"},
        {"[hostile]\nattack = \"rude\"", "'attack' must be"},
        {"[fleet]\nprivacy = \"some\"", "'privacy' must be"},
        {"fleet = 1", "'fleet' must be a table"},
        {"name = 1", "'name' must be a string"},
        {"name = \"two words\"", "'name' must be one word"},
    };
    for (const auto& [text, expected] : cases) {
        const auto scenario = parse_scenario(text, "file.toml");
        ASSERT_FALSE(scenario) << text;
        EXPECT_NE(scenario.error().message.find(expected), std::string::npos)
            << scenario.error().message;
        EXPECT_EQ(scenario.error().message.rfind("file.toml: ", 0), 0u);
    }
}

TEST(Scenario, ClassMix) {
    const auto mix = parse_class_mix("tiny:16,m4:17");
    ASSERT_TRUE(mix);
    EXPECT_EQ(mix->at("m4"), 17u);
    for (const char* bad : {"tiny", "tiny:", "big:1", "tiny:x", "tiny:1;m4:2", "tiny:99999"}) {
        EXPECT_FALSE(parse_class_mix(bad)) << bad;
    }
}

TEST(Scenario, FleetSpreadsOverTheClasses) {
    Scenario scenario;
    scenario.devices = 50;
    const auto devices = fleet_devices(scenario);
    ASSERT_EQ(devices.size(), 50u);
    EXPECT_EQ(devices.front().first, "tiny-0001");
    EXPECT_EQ(devices.back().first, "esp32-0017");
    scenario.classes = {{"m4", 2}};
    EXPECT_EQ(fleet_devices(scenario).size(), 2u);
}

}  // namespace
}  // namespace frugal::swarm
