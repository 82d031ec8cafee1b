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

TEST(AudienceTest, IsNamedWithItsClass) {
    const auto m4 = *ClassName::parse("m4");
    EXPECT_EQ(describe(m4, {}), "m4");
    EXPECT_EQ(describe(m4, Audience::label("east")), "m4 of label east");
    EXPECT_EQ(describe(m4, Audience::device(*DeviceId::parse("a"))), "m4 of device a");
}

}  // namespace
}  // namespace frugal::base
