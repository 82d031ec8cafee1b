// SPDX-License-Identifier: Apache-2.0
#include "model/fit/device_class.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "device-sim/device/device_profile.hpp"

namespace frugal::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr DeviceClass kSmall{"small", 4096, 16384};

ModelSummary summary(std::uint64_t size, std::uint64_t arena, std::uint64_t state) {
    ModelSummary model;
    model.file_size_bytes = size;
    model.arena_bytes = arena;
    model.state_bytes = state;
    model.is_runnable = true;
    return model;
}

TEST(DeviceClassTest, TheClassesAreThoseTheSwarmSimulates) {
    ASSERT_EQ(device_classes().size(), swarm::device_profiles().size());
    for (const DeviceClass& one : device_classes()) {
        const auto* simulated = swarm::find_device_profile(one.name);
        ASSERT_NE(simulated, nullptr) << one.name;
        EXPECT_EQ(one.arena_bytes, simulated->arena_bytes);
        EXPECT_EQ(one.slot_bytes, simulated->slot_bytes);
    }
}

TEST(DeviceClassTest, WhatJustFitsFits) {
    EXPECT_THAT(reasons_against(summary(16384, 4096, 0), kSmall), IsEmpty());
    EXPECT_THAT(reasons_against(summary(16384, 3000, 1096), kSmall), IsEmpty());
}

TEST(DeviceClassTest, EveryMisfitHasAReason) {
    EXPECT_THAT(reasons_against(summary(16385, 4097, 0), kSmall),
                ElementsAre("flash: 16385 bytes, its slot holds 16384",
                            "memory: 4097 bytes of arena, it has 4096"));
    EXPECT_THAT(reasons_against(summary(1, 3000, 1097), kSmall),
                ElementsAre("memory: 3000 bytes of arena and 1097 of state, it has 4096"));
    ModelSummary foreign = summary(1, 1, 0);
    foreign.missing = {"SVDF version 3 is not built in"};
    EXPECT_THAT(reasons_against(foreign, kSmall), ElementsAre(HasSubstr("SVDF")));
}

TEST(DeviceClassTest, ATreeNeedsFlashAndRoomForATestedInput) {
    BonsaiSummary tree;
    tree.file_size_bytes = 16384;
    tree.inputs = 4096;
    EXPECT_THAT(reasons_against(tree, kSmall), IsEmpty());
    tree.file_size_bytes = 16385;
    tree.inputs = 4097;
    EXPECT_THAT(reasons_against(tree, kSmall),
                ElementsAre("flash: 16385 bytes, its slot holds 16384",
                            "memory: 4097 bytes of arena, it has 4096"));
}

}  // namespace
}  // namespace frugal::model
