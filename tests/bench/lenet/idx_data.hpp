// SPDX-License-Identifier: Apache-2.0
// Reads gzipped idx images and labels for benches. Bench code only, one thread.
#pragma once

#include <filesystem>

#include "model/compress/network.hpp"
#include "model/compress/pipeline.hpp"

namespace frugal::bench {

/// Images as rows of values 0 to 1, with labels; empty if a file is not there or is none.
model::Dataset read_images(const std::filesystem::path& folder, const char* prefix);

/// The same as int8 models of images take them: a pixel less 128.
model::Samples samples_of(const model::Dataset& data);

}  // namespace frugal::bench
