// SPDX-License-Identifier: Apache-2.0
#include "device-sim/sensors/image_sensor.hpp"

#include <gtest/gtest.h>

namespace frugal::swarm {
namespace {

TEST(ImageSensor, GivesPixelsLess128AndTheLabel) {
    auto sensor = ImageSensor::create({{2, 1, 2}, {0, 128, 0, 128}}, {{2}, {1, 1}});
    ASSERT_TRUE(sensor);
    EXPECT_EQ(sensor->input_bytes(), 2u);
    EXPECT_EQ(sensor->class_count(), 2u);
    Random random(1);
    Sample sample;
    sensor->measure(random, sample);
    EXPECT_EQ(static_cast<std::int8_t>(sample.input[0]), -128);
    EXPECT_EQ(static_cast<std::int8_t>(sample.input[1]), 0);
    EXPECT_EQ(sample.label, 1);
}

TEST(ImageSensor, RefusesLabelsOfOtherImages) {
    EXPECT_FALSE(ImageSensor::create({{2, 1, 1}, {0, 0}}, {{1}, {0}}));
    EXPECT_FALSE(ImageSensor::create({{2}, {0, 0}}, {{2}, {0, 0}}));
}

TEST(ImageSensor, ReadsTheInstalledPackage) {
    if (!std::filesystem::exists(ImageSensor::kInstalledAt)) {
        GTEST_SKIP() << "dataset-fashion-mnist is not installed";
    }
    const auto sensor = ImageSensor::load(ImageSensor::kInstalledAt);
    ASSERT_TRUE(sensor);
    EXPECT_EQ(sensor->input_bytes(), 784u);
    EXPECT_EQ(sensor->class_count(), 10u);
}

}  // namespace
}  // namespace frugal::swarm
