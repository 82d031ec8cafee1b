// SPDX-License-Identifier: Apache-2.0
#include "crypto/private_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/descriptor.hpp"

namespace frugal::crypto {

namespace {

using base::Descriptor;
using base::ErrorKind;
using base::Result;

tl::unexpected<base::Error> system_failure(const std::string& what,
                                           const std::filesystem::path& path, int code = errno) {
    const ErrorKind kind = code == ENOENT                      ? ErrorKind::kNotFound
                           : (code == EACCES || code == EPERM) ? ErrorKind::kDenied
                                                               : ErrorKind::kStorage;
    const char* remedy = kind == ErrorKind::kNotFound
                             ? "create it: frugalctl setup, for an author frugalctl key generate"
                         : kind == ErrorKind::kDenied ? "check owner and mode of file and directory"
                                                      : "check the disk";
    return base::fail(kind, what + " " + path.string(), std::strerror(code), remedy);
}

Result<void> flush_directory(const std::filesystem::path& directory) {
    const Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.is_open() || ::fsync(fd.number()) != 0) {
        return system_failure("cannot flush directory", directory);
    }
    return {};
}

Result<std::string> read_descriptor(int fd, const std::filesystem::path& path,
                                    std::size_t limit_bytes) {
    std::string text;
    char buffer[4096];
    for (;;) {
        const ssize_t count = ::read(fd, buffer, sizeof(buffer));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return system_failure("cannot read", path);
        }
        if (count == 0) {
            return text;
        }
        text.append(buffer, static_cast<std::size_t>(count));
        if (text.size() > limit_bytes) {
            return base::fail(ErrorKind::kLimit, path.string() + " is too long",
                              "more than " + std::to_string(limit_bytes) + " bytes",
                              "check that this is the right file");
        }
    }
}

}  // namespace

Result<void> write_file(const std::filesystem::path& path, base::ByteView bytes,
                        FileAccess access) {
    std::filesystem::path fresh = path;
    fresh += ".new";
    const mode_t mode = access == FileAccess::kOwnerOnly       ? 0600
                        : access == FileAccess::kGroupReadable ? 0640
                                                               : 0644;
    ::unlink(fresh.c_str());
    {
        const Descriptor fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
        if (!fd.is_open()) {
            return system_failure("cannot create", fresh);
        }
        int code = ::fchmod(fd.number(), mode) != 0 ? errno : base::write_all(fd.number(), bytes);
        if (code == 0 && ::fsync(fd.number()) != 0) {
            code = errno;
        }
        if (code != 0) {
            ::unlink(fresh.c_str());
            return system_failure("cannot write", fresh, code);
        }
    }
    if (::rename(fresh.c_str(), path.c_str()) != 0) {
        auto failure = system_failure("cannot replace", path);
        ::unlink(fresh.c_str());
        return failure;
    }
    return flush_directory(path.has_parent_path() ? path.parent_path() : ".");
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit_bytes) {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.is_open()) {
        return system_failure("cannot open", path);
    }
    return read_descriptor(fd.number(), path, limit_bytes);
}

Result<std::string> read_private_file(const std::filesystem::path& path, std::size_t limit_bytes) {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!fd.is_open() || ::fstat(fd.number(), &status) != 0) {
        return system_failure("cannot open", path);
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return base::fail(ErrorKind::kDenied, path.string() + " can be read by others",
                          "a private key must belong to its owner alone",
                          "chmod 600 " + path.string());
    }
    return read_descriptor(fd.number(), path, limit_bytes);
}

}  // namespace frugal::crypto
