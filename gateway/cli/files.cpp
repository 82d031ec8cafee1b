// SPDX-License-Identifier: Apache-2.0
#include "cli/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/descriptor.hpp"

namespace frugal::cli {

namespace fs = std::filesystem;
using base::Descriptor;
using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kFileSizeMax = std::size_t{64} * 1024 * 1024;
constexpr std::size_t kReadBytes = std::size_t{64} * 1024;
constexpr std::size_t kKeyHeadBytes = 64;  ///< a PEM file tells in its first line what it is

tl::unexpected<base::Error> unreadable(const std::string& path, int code) {
    return fail(ErrorKind::kNotFound, path + ": cannot read the file", std::strerror(code),
                "Check the name and your right to read it.");
}

bool is_same_file(const struct stat& one, const struct stat& other) {
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool is_file(const std::string& path, const struct stat& file) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && is_same_file(status, file);
}

// True for a folder that the file lies in: all its files are inputs.
bool holds(const std::string& folder, const std::string& file) {
    struct stat status {};
    const auto parent = fs::path(file).parent_path();
    return ::stat(parent.empty() ? "." : parent.c_str(), &status) == 0 && is_file(folder, status);
}

bool is_private_key(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    char head[kKeyHeadBytes];
    const auto size = file.is_open() ? ::read(file.number(), head, sizeof head) : 0;
    const std::string_view text(head, size > 0 ? static_cast<std::size_t>(size) : 0);
    return text.starts_with("-----BEGIN") &&
           text.find("PRIVATE KEY-----") != std::string_view::npos;
}

int write_in_place(const std::string& path, base::ByteView bytes) {
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    return file.is_open() ? base::write_all(file.number(), bytes) : errno;
}

int write_beside(const std::string& path, base::ByteView bytes) {
    const auto beside = path + ".partial-" + std::to_string(::getpid());
    ::unlink(beside.c_str());  // of a process of that number that was killed
    int code = 0;
    {
        const Descriptor file(
            ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
        if (!file.is_open()) {
            return errno;
        }
        code = base::write_all(file.number(), bytes);
        if (code == 0 && ::fsync(file.number()) != 0) {
            code = errno;
        }
    }
    if (code == 0 && ::rename(beside.c_str(), path.c_str()) != 0) {
        code = errno;
    }
    if (code != 0) {
        ::unlink(beside.c_str());
    }
    return code;
}

}  // namespace

Result<base::Bytes> read_bytes(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!file.is_open() || ::fstat(file.number(), &status) != 0) {
        return unreadable(path, errno);
    }
    if (S_ISDIR(status.st_mode)) {
        return fail(ErrorKind::kInvalidInput, path + ": cannot read the file", "it is a directory",
                    "Name a file in it.");
    }
    base::Bytes bytes;
    for (std::size_t size = 0;;) {
        bytes.resize(size + kReadBytes);
        const auto got = ::read(file.number(), bytes.data() + size, kReadBytes);
        if (got < 0 && errno != EINTR) {
            return unreadable(path, errno);
        }
        size += got < 0 ? 0 : static_cast<std::size_t>(got);
        if (size > kFileSizeMax) {
            return fail(ErrorKind::kLimit, path + ": longer than 64 MiB", {},
                        "Is it the right file?");
        }
        if (got == 0) {
            bytes.resize(size);
            return bytes;
        }
    }
}

Result<void> check_output(const std::string& output, const std::vector<std::string>& inputs) {
    struct stat target {};
    struct stat other {};
    if (output == "-") {
        return fail(ErrorKind::kConflict, "the output \"-\" is no file",
                    "the standard output is where the report goes", "Name a file with -o.");
    }
    if (::stat(output.c_str(), &target) != 0) {
        return {};
    }
    for (const auto& input : inputs) {
        if (!input.empty() && (is_file(input, target) || holds(input, output))) {
            return fail(ErrorKind::kConflict, output + ": is also an input",
                        "it would be replaced by what is made of it",
                        "Give another name for the output.");
        }
    }
    if (!S_ISCHR(target.st_mode) && ::fstat(STDOUT_FILENO, &other) == 0 &&
        is_same_file(target, other)) {
        return fail(ErrorKind::kConflict, output + ": is the standard output",
                    "the report goes there", "Name a file with -o.");
    }
    return {};
}

Result<void> write_bytes(const std::string& path, base::ByteView bytes) {
    std::error_code error;
    const auto status = fs::symlink_status(path, error);
    if (is_private_key(path)) {
        return fail(ErrorKind::kConflict, path + ": is a private key",
                    "a key is never replaced: devices that trust it would be lost",
                    "Give another name for the output.");
    }
    const bool is_in_place = fs::exists(status) && !fs::is_regular_file(status);
    const int code = is_in_place ? write_in_place(path, bytes) : write_beside(path, bytes);
    if (code != 0) {
        return fail(ErrorKind::kUnavailable, path + ": cannot write the file", std::strerror(code),
                    "Check the folder, your right to write there, and the space left.");
    }
    return {};
}

}  // namespace frugal::cli
