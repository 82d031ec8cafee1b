// SPDX-License-Identifier: Apache-2.0
// The model files benches run on: the project's own, and those of FRUGAL_SHARED_DIR (or ../shared),
// if there are any. Bench code only.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "base/bytes.hpp"

namespace frugal::bench {

inline base::Bytes read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return base::Bytes(std::istreambuf_iterator<char>(in), {});
}

inline void collect_models(const std::filesystem::path& folder,
                           std::vector<std::filesystem::path>& paths) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (entry.path().extension() == ".tflite") {
            paths.push_back(entry.path());
        }
    }
}

/// Sorted by path.
inline std::vector<std::filesystem::path> default_models() {
    const std::filesystem::path source = FRUGAL_SOURCE_DIR;
    const char* shared = std::getenv("FRUGAL_SHARED_DIR");
    std::vector<std::filesystem::path> paths;
    collect_models(source / "device-sim" / "models", paths);
    collect_models(
        (shared != nullptr ? std::filesystem::path(shared) : source.parent_path() / "shared") /
            "models" / "tflite",
        paths);
    std::sort(paths.begin(), paths.end());
    return paths;
}

}  // namespace frugal::bench
