// SPDX-License-Identifier: Apache-2.0
// A file of real blocks that can be given up: on a full disk even deleting rows needs room. Owned
// by Database; plain functions.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.hpp"

namespace frugal::storage {

/// Makes the file if it is not there yet and as much again stays free. A disk without room for it
/// is not an error: it is what the ballast was for. kUnavailable.
base::Result<void> ensure_ballast(const std::filesystem::path& path, std::int64_t size_bytes);

/// True if there was one.
bool drop_ballast(const std::filesystem::path& path);

}  // namespace frugal::storage
