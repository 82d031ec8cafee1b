// SPDX-License-Identifier: Apache-2.0
#include "app/log.hpp"

#include <gtest/gtest.h>

namespace frugal::app {
namespace {

TEST(Log, EscapesWhatCouldForgeALine) {
    const std::string line = format_log_line(LogLevel::kWarning, "message_rejected",
                                             {{"device", "a\nerror forged=\"1\"\x1b[31m\xff"}});
    EXPECT_EQ(line,
              "warning message_rejected device=\"a\\x0aerror forged=\\\"1\\\"\\x1b[31m\\xff\"");
}

TEST(Log, CutsLongValues) {
    const std::string line =
        format_log_line(LogLevel::kInfo, "event", {{"key", std::string(10'000, 'x')}});
    EXPECT_LT(line.size(), 600u);
}

TEST(Log, AGreetingFromEachOfTenThousandDevicesIsNotNews) {
    EXPECT_EQ(level_of(core::LogEvent::kDeviceFirstSeen), LogLevel::kDebug);
    EXPECT_EQ(level_of(core::LogEvent::kRolloutStarted), LogLevel::kInfo);
    EXPECT_EQ(level_of(core::LogEvent::kGap), LogLevel::kWarning);
    EXPECT_EQ(level_of(core::LogEvent::kIncident), LogLevel::kError);
}

}  // namespace
}  // namespace frugal::app
