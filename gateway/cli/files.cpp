// SPDX-License-Identifier: Apache-2.0
#include "cli/files.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace frugal::cli {

namespace fs = std::filesystem;
using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::streamsize kFileSizeMax = 64 * 1024 * 1024;

}  // namespace

Result<base::Bytes> read_bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    const auto size = static_cast<std::streamsize>(file.tellg());
    if (!file || size < 0) {
        return fail(ErrorKind::kNotFound, path + ": cannot read the file", std::strerror(errno),
                    "Check the name and your right to read it.");
    }
    if (size > kFileSizeMax) {
        return fail(ErrorKind::kLimit, path + ": longer than 64 MiB", {}, "Is it the right file?");
    }
    base::Bytes bytes(static_cast<std::size_t>(size));
    file.seekg(0);
    if (!file.read(reinterpret_cast<char*>(bytes.data()), size)) {
        return fail(ErrorKind::kUnavailable, path + ": reading stopped half-way");
    }
    return bytes;
}

Result<void> write_bytes(const std::string& path, base::ByteView bytes) {
    std::error_code error;
    const auto status = fs::symlink_status(path, error);
    const bool is_in_place = fs::exists(status) && !fs::is_regular_file(status);
    const std::string written = is_in_place ? path : path + ".partial";
    std::ofstream file(written, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    file.close();
    const int code = errno;
    error.clear();
    if (file && !is_in_place) {
        fs::rename(written, path, error);
    }
    if (file && !error) {
        return {};
    }
    const std::string cause = error ? error.message() : std::strerror(code);
    if (!is_in_place) {
        fs::remove(written, error);
    }
    return fail(ErrorKind::kUnavailable, path + ": cannot write the file", cause,
                "Check the folder, your right to write there, and the space left.");
}

}  // namespace frugal::cli
