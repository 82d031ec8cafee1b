// SPDX-License-Identifier: Apache-2.0
#include "cli/claims_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace frugal::cli {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr mode_t kOwnerOnly = 0600;

tl::unexpected<base::Error> failure(const std::string& path, const std::string& what,
                                    const std::string& remedy) {
    const int code = errno;
    const bool is_denied = code == EACCES || code == EPERM;
    return fail(is_denied ? ErrorKind::kDenied : ErrorKind::kStorage, path + ": " + what,
                std::strerror(code), remedy);
}

/// A file that was there may be open to others; a terminal or a pipe has no mode to mend.
bool make_private(int descriptor) {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) {
        return false;
    }
    return !S_ISREG(status.st_mode) || (status.st_mode & 0777) == kOwnerOnly ||
           ::fchmod(descriptor, kOwnerOnly) == 0;
}

}  // namespace

Result<ClaimsFile> ClaimsFile::open(std::string path) {
    const int descriptor =
        ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kOwnerOnly);
    if (descriptor < 0) {
        return failure(path, "cannot open the file for the claim codes",
                       "Name a file you may write with --claims; no device was added.");
    }
    ClaimsFile file(std::move(path), descriptor);
    if (!make_private(descriptor)) {
        return failure(file.path_, "cannot take the claim codes' file away from others",
                       "Name a file of your own with --claims; no device was added.");
    }
    return file;
}

ClaimsFile::ClaimsFile(ClaimsFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

ClaimsFile::~ClaimsFile() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

Result<void> ClaimsFile::append(const std::string& device, const std::string& code) {
    const std::string line = device + "," + code + "\n";
    std::size_t written = 0;
    while (written < line.size()) {
        const ssize_t count = ::write(descriptor_, line.data() + written, line.size() - written);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return failure(path_, "cannot write the claim code of " + device,
                           "Make room, then add the device again for a new code.");
        }
        written += static_cast<std::size_t>(count);
    }
    return {};
}

}  // namespace frugal::cli
