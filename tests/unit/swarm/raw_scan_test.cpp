// SPDX-License-Identifier: Apache-2.0
#include "device-sim/ledger/raw_scan.hpp"

#include <gtest/gtest.h>

#include "device-sim/ledger/input_window.hpp"
#include "device-sim/support/random.hpp"
#include "device-sim/support/text.hpp"

namespace frugal::swarm {
namespace {

Bytes noise(std::uint64_t seed, std::size_t size) {
    Random random(seed);
    Bytes bytes(size);
    for (std::uint8_t& byte : bytes) {
        byte = static_cast<std::uint8_t>(random.next());
    }
    return bytes;
}

class RawScanForms : public testing::Test {
protected:
    RawScanForms() : input(noise(1, 784)), scan(input_windows(input)) {}
    void put(std::string_view text) {
        const ByteView bytes = as_bytes(text);
        file.insert(file.end(), bytes.begin(), bytes.end());
    }
    Bytes input;
    RawScan scan;
    Bytes file;
};

TEST_F(RawScanForms, FindsNothingInOtherBytes) {
    scan.scan_bytes(noise(2, 200000), "other");
    put(to_hex(noise(3, 5000)) + " " + to_base64(noise(4, 5000)));
    scan.scan_bytes(file, "text");
    EXPECT_EQ(scan.found_bytes(), 0u);
    EXPECT_EQ(scan.files(), 2u);
}

TEST_F(RawScanForms, FindsBytesAtAnyOffset) {
    file = noise(2, 1001);
    file.insert(file.end(), input.begin(), input.end());
    scan.scan_bytes(file, "plain");
    EXPECT_EQ(scan.found_bytes(), kWindowsPerInput * kWindowBytes);
    ASSERT_FALSE(scan.places().empty());
    EXPECT_EQ(scan.places()[0].rfind("plain at ", 0), 0u);
}

TEST_F(RawScanForms, FindsHexadecimal) {
    put("sample: f");
    put(to_hex(input));
    scan.scan_bytes(file, "log");
    EXPECT_GT(scan.found_bytes(), 0u);
}

TEST_F(RawScanForms, FindsBase64AtEveryAlignment) {
    for (std::size_t shift = 0; shift < 3; ++shift) {
        Bytes shifted = noise(9, shift);
        shifted.insert(shifted.end(), input.begin(), input.end());
        file.clear();
        put("{\"x\":\"");
        put(to_base64(shifted));
        put("\"}");
        RawScan fresh(input_windows(input));
        fresh.scan_bytes(file, "json");
        EXPECT_GT(fresh.found_bytes(), 0u) << shift;
    }
}

TEST_F(RawScanForms, SaysThatADirectoryIsMissing) {
    EXPECT_FALSE(scan.scan("does/not/exist"));
}

}  // namespace
}  // namespace frugal::swarm
