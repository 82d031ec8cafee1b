// SPDX-License-Identifier: Apache-2.0
// Files that hold keys and certificates: whole or not at all, private ones readable by their owner
// only. Any thread, blocking; called at set-up and start, never from the loop's hot path.
#pragma once

#include <filesystem>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::crypto {

enum class FileAccess {
    kOwnerOnly,      ///< 0600
    kGroupReadable,  ///< 0640: what the broker's user must read
    kReadable,       ///< 0644
};

/// Replaces the file by writing a new one beside it, flushing it and renaming it. kStorage,
/// kDenied.
base::Result<void> write_file(const std::filesystem::path& path, base::ByteView bytes,
                              FileAccess access);

/// Reads a whole file of at most `limit_bytes`. kNotFound, kDenied, kLimit, kStorage.
base::Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit_bytes);

/// As read_file, but refuses (kDenied) a file that others than its owner can read or write.
base::Result<std::string> read_private_file(const std::filesystem::path& path,
                                            std::size_t limit_bytes);

}  // namespace frugal::crypto
