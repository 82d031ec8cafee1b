// SPDX-License-Identifier: Apache-2.0
#include "device-sim/support/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace frugal::swarm {

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
        reset();
        descriptor_ = other.release();
    }
    return *this;
}

int FileDescriptor::release() {
    return std::exchange(descriptor_, -1);
}

void FileDescriptor::reset() {
    if (descriptor_ >= 0) {
        ::close(release());
    }
}

std::string system_cause() {
    return std::strerror(errno);
}

Result<Bytes> read_file(const std::filesystem::path& path) {
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) {
        return fail("cannot open " + path.string(), system_cause());
    }
    Bytes content;
    Bytes piece(64 * 1024);
    while (true) {
        const ssize_t count = ::read(file.get(), piece.data(), piece.size());
        if (count < 0) {
            return fail("cannot read " + path.string(), system_cause());
        }
        if (count == 0) {
            return content;
        }
        content.insert(content.end(), piece.begin(), piece.begin() + count);
    }
}

Result<std::string> read_text_file(const std::filesystem::path& path) {
    auto content = read_file(path);
    if (!content) {
        return tl::unexpected<Error>(content.error());
    }
    return std::string(as_text(*content));
}

Result<void> replace_file(const std::filesystem::path& path, ByteView content,
                          FileSecrecy secrecy) {
    const std::string beside = path.string() + ".new";
    const mode_t mode = secrecy == FileSecrecy::kOwnerOnly ? 0600 : 0644;
    FileDescriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!file.is_open()) {
        return fail("cannot create " + beside, system_cause());
    }
    while (!content.empty()) {
        const ssize_t count = ::write(file.get(), content.data(), content.size());
        if (count < 0) {
            return fail("cannot write " + beside, system_cause());
        }
        content = content.subspan(static_cast<std::size_t>(count));
    }
    file.reset();
    if (::rename(beside.c_str(), path.c_str()) != 0) {
        return fail("cannot rename " + beside + " to " + path.string(), system_cause());
    }
    return {};
}

Result<void> make_directory(const std::filesystem::path& path) {
    std::error_code code;
    const bool created = std::filesystem::create_directories(path, code);
    if (code) {
        return fail("cannot create the directory " + path.string(), code.message());
    }
    if (created) {
        ::chmod(path.c_str(), 0700);
    }
    return {};
}

}  // namespace frugal::swarm
