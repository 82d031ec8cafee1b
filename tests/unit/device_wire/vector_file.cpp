// SPDX-License-Identifier: Apache-2.0
#include "vector_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace frugal::test {
namespace {

std::filesystem::path folder() {
    return std::filesystem::path(FRUGAL_SOURCE_DIR) / "proto" / "vectors";
}

}  // namespace

std::vector<std::uint8_t> read_vector(const std::string& name) {
    std::ifstream in(folder() / (name + ".hex"));
    EXPECT_TRUE(in.good()) << name;
    std::vector<std::uint8_t> bytes;
    for (std::string line; std::getline(in, line);) {
        for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
            bytes.push_back(static_cast<std::uint8_t>(std::stoul(line.substr(i, 2), nullptr, 16)));
        }
    }
    return bytes;
}

std::vector<VectorName> list_vectors() {
    constexpr std::string_view kMark = "# proto-message: frugal.v1.";
    std::vector<VectorName> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder())) {
        if (entry.path().extension() != ".textproto") {
            continue;
        }
        std::ifstream in(entry.path());
        for (std::string line; std::getline(in, line);) {
            if (line.starts_with(kMark)) {
                names.push_back({entry.path().stem().string(), line.substr(kMark.size())});
            }
        }
    }
    std::sort(names.begin(), names.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return names;
}

}  // namespace frugal::test
