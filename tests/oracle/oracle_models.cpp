// SPDX-License-Identifier: Apache-2.0
// Writes the small models of single operators for the oracle, one file each.
//
//   oracle_models FOLDER
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "unit/device_runtime/streaming_models.hpp"

int main(int count, char** words) {
    if (count != 2) {
        std::fprintf(stderr, "usage: oracle_models FOLDER\n");
        return 2;
    }
    std::filesystem::create_directories(words[1]);
    for (const frugal::test::NamedModel& one : frugal::test::streaming_models()) {
        std::vector<std::uint8_t> bytes = frugal::test::write_model(one.spec);
        std::ofstream file(std::filesystem::path(words[1]) / (one.name + ".tflite"),
                           std::ios::binary);
        file.write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
    }
    return 0;
}
