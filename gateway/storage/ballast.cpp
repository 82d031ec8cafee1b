// SPDX-License-Identifier: Apache-2.0
#include "storage/ballast.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace frugal::storage {

namespace {

// Only where as much again stays free. Otherwise whoever gave it up for room would take the room
// away again by opening the database.
bool has_room(const std::filesystem::path& path, std::int64_t size_bytes) {
    struct statvfs system {};
    const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    if (::statvfs(folder.c_str(), &system) != 0) {
        return false;
    }
    return system.f_bavail * system.f_frsize >= 2 * static_cast<std::uint64_t>(size_bytes);
}

}  // namespace

base::Result<void> ensure_ballast(const std::filesystem::path& path, std::int64_t size_bytes) {
    std::error_code error;
    if (size_bytes <= 0 || std::filesystem::exists(path, error) || !has_room(path, size_bytes)) {
        return {};
    }
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        return base::fail(base::ErrorKind::kUnavailable, "ballast file " + path.string(),
                          std::strerror(errno), "Check the directory's owner");
    }
    const bool is_full = ::posix_fallocate(descriptor, 0, size_bytes) != 0;
    ::close(descriptor);
    if (is_full) {
        drop_ballast(path);
    }
    return {};
}

bool drop_ballast(const std::filesystem::path& path) {
    std::error_code error;
    return std::filesystem::remove(path, error);
}

}  // namespace frugal::storage
