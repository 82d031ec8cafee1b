// SPDX-License-Identifier: Apache-2.0
// Reading and replacing whole files, and a file descriptor that closes itself. Any thread.
// Errors name the path. It never follows a relative path it was not given.
#pragma once

#include <filesystem>
#include <string>

#include "device-sim/support/bytes.hpp"
#include "device-sim/support/result.hpp"

namespace frugal::swarm {

class FileDescriptor {
public:
    FileDescriptor() = default;
    explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
    FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(other.release()) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept;
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    ~FileDescriptor() { reset(); }

    int get() const { return descriptor_; }
    bool is_open() const { return descriptor_ >= 0; }
    int release();
    void reset();

private:
    int descriptor_ = -1;
};

enum class FileSecrecy { kPublic, kOwnerOnly };

/// The text of errno for an error's cause.
std::string system_cause();

Result<Bytes> read_file(const std::filesystem::path& path);
Result<std::string> read_text_file(const std::filesystem::path& path);

/// Writes beside the file, then renames: a reader sees the old content or the new, never half.
Result<void> replace_file(const std::filesystem::path& path, ByteView content,
                          FileSecrecy secrecy = FileSecrecy::kPublic);

/// Creates a directory and its parents, readable by the owner only.
Result<void> make_directory(const std::filesystem::path& path);

}  // namespace frugal::swarm
