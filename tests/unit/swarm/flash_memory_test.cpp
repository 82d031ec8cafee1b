// SPDX-License-Identifier: Apache-2.0
#include "device-sim/device/flash_memory.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>

namespace frugal::swarm {
namespace {

constexpr std::uint32_t kSize = 8192;
constexpr std::uint32_t kSector = 1024;
const std::uint8_t kWords[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

struct Port {
    explicit Port(FlashMemory& memory) : table(memory.port()) {}
    fr_status_t erase(std::uint32_t offset) { return table.erase(table.context, offset); }
    fr_status_t program(std::uint32_t offset, std::uint32_t size = sizeof kWords) {
        return table.program(table.context, offset, kWords, size);
    }
    const std::uint8_t* at(std::uint32_t offset) { return table.map(table.context, offset); }
    fr_flash_t table;
};

FlashMemory make() {
    return std::move(*FlashMemory::create(kSize, kSector, std::nullopt));
}

TEST(FlashMemory, ProgramsErasedBytesOnceOnly) {
    FlashMemory memory = make();
    Port port(memory);
    EXPECT_EQ(port.program(0), FR_ERROR_STORAGE) << "never erased";
    ASSERT_EQ(port.erase(0), FR_OK);
    EXPECT_EQ(port.program(0), FR_OK);
    EXPECT_EQ(std::memcmp(port.at(0), kWords, sizeof kWords), 0);
    EXPECT_EQ(port.program(8), FR_ERROR_STORAGE) << "programmed twice";
    EXPECT_EQ(memory.violations(), 2u);
}

TEST(FlashMemory, RefusesCrookedOffsets) {
    FlashMemory memory = make();
    Port port(memory);
    EXPECT_EQ(port.erase(8), FR_ERROR_STORAGE);
    EXPECT_EQ(port.erase(kSize), FR_ERROR_STORAGE);
    ASSERT_EQ(port.erase(kSize - kSector), FR_OK);
    EXPECT_EQ(port.program(kSize - 8), FR_ERROR_STORAGE);
    EXPECT_EQ(port.program(kSize - kSector + 4), FR_ERROR_STORAGE);
    EXPECT_EQ(port.program(kSize - kSector, 12), FR_ERROR_STORAGE);
    EXPECT_EQ(memory.violations(), 5u);
}

TEST(FlashMemory, AProgramCutLeavesWholeWordsThenOneTornWord) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        FlashMemory memory = make();
        Port port(memory);
        ASSERT_EQ(port.erase(0), FR_OK);
        memory.cut_power_after(1, seed);
        EXPECT_EQ(port.program(0), FR_ERROR_STORAGE);
        EXPECT_FALSE(memory.has_power());
        const bool first_whole = std::memcmp(port.at(0), kWords, 8) == 0;
        const bool second_untouched = *port.at(8) == 0xff && *port.at(15) == 0xff;
        EXPECT_TRUE(first_whole || second_untouched) << seed;
        EXPECT_EQ(*port.at(16), 0xff) << "beyond the call";
    }
}

TEST(FlashMemory, NothingWorksUntilPowerReturns) {
    FlashMemory memory = make();
    Port port(memory);
    memory.cut_power_after(2, 1);
    EXPECT_EQ(port.erase(0), FR_OK);
    EXPECT_EQ(port.erase(0), FR_ERROR_STORAGE);
    EXPECT_EQ(port.erase(kSector), FR_ERROR_STORAGE);
    memory.restore_power();
    EXPECT_EQ(port.erase(kSector), FR_OK);
    EXPECT_EQ(memory.violations(), 0u);
    EXPECT_EQ(memory.sectors_erased(), 2u);
}

TEST(FlashMemory, AFileKeepsWhatWasProgrammed) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("frugal-flash-test-" + std::to_string(::getpid()));
    {
        auto memory = FlashMemory::create(kSize, kSector, path);
        ASSERT_TRUE(memory);
        Port port(*memory);
        ASSERT_EQ(port.erase(0), FR_OK);
        ASSERT_EQ(port.program(0), FR_OK);
    }
    auto again = FlashMemory::create(kSize, kSector, path);
    ASSERT_TRUE(again);
    EXPECT_EQ(std::memcmp(Port(*again).at(0), kWords, sizeof kWords), 0);
    EXPECT_FALSE(FlashMemory::create(kSize * 2, kSector, path)) << "another class";
    std::filesystem::remove(path);
}

}  // namespace
}  // namespace frugal::swarm
