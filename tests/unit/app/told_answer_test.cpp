// SPDX-License-Identifier: Apache-2.0
// Which of a device's last answers is that of a stored decision.
#include "app/told_answer.hpp"

#include <gtest/gtest.h>

namespace frugal::app {
namespace {

class ToldAnswer : public ::testing::Test {
protected:
    ToldAnswer() {
        device.streams = {{.id = {7}, .next_sequence = 200'010}};
        device.health = core::Health{.stream = {7}, .boot_epoch = 2};
        for (const std::uint64_t sequence : {200'005U, 200'006U, 200'013U}) {
            device.health->recent.push_back(
                {.sequence = static_cast<std::uint16_t>(sequence & 0xFFFF),
                 .outcome = 0x11,
                 .gain = static_cast<std::uint8_t>(sequence % 256),
                 .class_id = 3});
        }
        row.stream = {7};
        row.boot_epoch = 2;
        row.class_id = 3;
        row.tier = core::Tier::kLocal;
    }
    const core::RecentAnswer* told(std::uint64_t sequence) {
        row.sequence = sequence;
        return told_answer(row, device);
    }

    core::DeviceView device{.id = *base::DeviceId::parse("dev")};
    storage::DecisionRow row{.device = *base::DeviceId::parse("dev")};
};

TEST_F(ToldAnswer, IsTheOneOfItsNumber) {
    ASSERT_NE(told(200'006), nullptr);
    EXPECT_EQ(told(200'006)->gain, 200'006 % 256);
    EXPECT_NE(told(200'013), nullptr) << "decided, but not stored yet when it was told";
    EXPECT_EQ(told(200'007), nullptr);
}

TEST_F(ToldAnswer, IsNotThatOf65536DecisionsBefore) {
    EXPECT_EQ(told(200'006 - 65'536), nullptr);
    EXPECT_EQ(told(200'006 - 2 * 65'536), nullptr);
}

TEST_F(ToldAnswer, IsNotAnotherClassOrBoot) {
    row.class_id = 4;
    EXPECT_EQ(told(200'006), nullptr);
    row.tier = core::Tier::kEdge;  // then the class is the edge's
    EXPECT_NE(told(200'006), nullptr);
    row.boot_epoch = 1;
    EXPECT_EQ(told(200'006), nullptr);
}

}  // namespace
}  // namespace frugal::app
