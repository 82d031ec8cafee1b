// SPDX-License-Identifier: Apache-2.0
#include "base/audience.hpp"

#include <gtest/gtest.h>

namespace frugal::base {
namespace {

TEST(AudienceTest, ComesBackFromItsText) {
    const auto device = Audience::device(*DeviceId::parse("sensor-7"));
    EXPECT_EQ(device.text(), "device:sensor-7");
    for (const auto& audience : {Audience{}, device, Audience::label("device: 2nd floor, east")}) {
        EXPECT_EQ(Audience::parse(audience.text()), audience) << audience.text();
    }
}

TEST(AudienceTest, NothingElseIsOne) {
    for (const auto* text : {"sensor-7", "device:", "device:Sensor 7", "label:", "class:m4"}) {
        EXPECT_FALSE(Audience::parse(text)) << text;
    }
}

TEST(AudienceTest, IncludesItsDevicesAlone) {
    const auto a = *DeviceId::parse("a");
    EXPECT_TRUE(Audience{}.includes(a, "east"));
    EXPECT_TRUE(Audience::device(a).includes(a, "east"));
    EXPECT_FALSE(Audience::device(*DeviceId::parse("b")).includes(a, "b"));
    EXPECT_TRUE(Audience::label("east").includes(a, "east"));
    EXPECT_FALSE(Audience::label("a").includes(a, "east")) << "a name is no label";
    EXPECT_FALSE(Audience::label("a").includes(a, ""));
}

TEST(AudienceTest, HasWordsForPeople) {
    EXPECT_EQ(Audience{}.words(), "");
    EXPECT_EQ(Audience::label("2nd floor").words(), "label 2nd floor");
    EXPECT_EQ(Audience::device(*DeviceId::parse("a")).words(), "device a");
}

TEST(AudienceTest, IsNamedWithItsClass) {
    const auto m4 = *ClassName::parse("m4");
    EXPECT_EQ(describe(m4, {}), "m4");
    EXPECT_EQ(describe(m4, Audience::label("east")), "m4 of label east");
    EXPECT_EQ(describe(m4, Audience::device(*DeviceId::parse("a"))), "m4 of device a");
}

}  // namespace
}  // namespace frugal::base
