// SPDX-License-Identifier: Apache-2.0
// The model files at hand: the project's own and, where present, the shared real ones, which are
// read where they lie. Reads files only. Test and bench code only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace frugal::test {

/// Empty if there is no such file.
inline std::vector<std::uint8_t> read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return std::vector<std::uint8_t>(std::istreambuf_iterator<char>(in), {});
}

inline std::filesystem::path project_models() {
    return std::filesystem::path(FRUGAL_SOURCE_DIR) / "device-sim" / "models";
}

/// The folder FRUGAL_SHARED_DIR names, else the one beside the sources. It may be absent.
inline std::filesystem::path shared_folder() {
    const char* given = std::getenv("FRUGAL_SHARED_DIR");
    return given != nullptr ? std::filesystem::path(given)
                            : std::filesystem::path(FRUGAL_SOURCE_DIR).parent_path() / "shared";
}

inline std::filesystem::path shared_models() {
    return shared_folder() / "models" / "tflite";
}

inline std::vector<std::uint8_t> project_model(const std::string& name) {
    return read_file(project_models() / name);
}

/// Empty where the shared models are absent.
inline std::vector<std::uint8_t> shared_model(const std::string& name) {
    return read_file(shared_models() / name);
}

/// The .tflite files of the folders there are, sorted by path.
inline std::vector<std::filesystem::path> model_files(
    const std::vector<std::filesystem::path>& folders = {project_models(), shared_models()}) {
    std::vector<std::filesystem::path> paths;
    for (const auto& folder : folders) {
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

}  // namespace frugal::test
