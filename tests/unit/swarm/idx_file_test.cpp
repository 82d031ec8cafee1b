// SPDX-License-Identifier: Apache-2.0
#include "device-sim/sensors/idx_file.hpp"

#include <gtest/gtest.h>

#include "device-sim/support/text.hpp"

namespace frugal::swarm {
namespace {

TEST(IdxFile, ReadsSizesAndContent) {
    const auto file =
        parse_idx(*from_hex("00000802"
                            "00000002"
                            "00000003"
                            "010203040506"));
    ASSERT_TRUE(file);
    EXPECT_EQ(file->sizes, (std::vector<std::uint32_t>{2, 3}));
    EXPECT_EQ(file->content, (Bytes{1, 2, 3, 4, 5, 6}));
}

TEST(IdxFile, RefusesBrokenOnes) {
    for (const char* bad : {"", "00000801",
                            "00000901"
                            "00000001"
                            "00",
                            "00000800",
                            "00000801"
                            "00000002"
                            "00",
                            "00000801"
                            "00000001"
                            "0000",
                            "00000802"
                            "ffffffff"
                            "ffffffff"
                            "00",
                            "00000803"
                            "00010000"
                            "00010000"
                            "00010000"
                            "00"}) {
        EXPECT_FALSE(parse_idx(*from_hex(bad))) << bad;
    }
}

TEST(IdxFile, SaysHowToGetAMissingFile) {
    const auto file = load_idx("does/not/exist.gz");
    ASSERT_FALSE(file);
    EXPECT_NE(file.error().describe().find("--data"), std::string::npos);
}

}  // namespace
}  // namespace frugal::swarm
