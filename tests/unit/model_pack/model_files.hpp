// SPDX-License-Identifier: Apache-2.0
// The model files at hand: the project's own and, where present, the shared real ones. Test code
// only.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "base/bytes.hpp"

namespace frugal::test {

inline std::vector<std::filesystem::path> model_files() {
    const std::filesystem::path source = FRUGAL_SOURCE_DIR;
    const char* shared = std::getenv("FRUGAL_SHARED_DIR");
    const std::filesystem::path other =
        shared != nullptr ? std::filesystem::path(shared) : source.parent_path() / "shared";
    std::vector<std::filesystem::path> paths;
    for (const auto& folder : {source / "device-sim" / "models", other / "models" / "tflite"}) {
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
            if (entry.path().extension() == ".tflite") {
                paths.push_back(entry.path());
            }
        }
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

inline base::Bytes read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return base::Bytes(std::istreambuf_iterator<char>(in), {});
}

}  // namespace frugal::test
