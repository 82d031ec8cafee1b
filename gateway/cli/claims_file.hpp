// SPDX-License-Identifier: Apache-2.0
// The file that `frugalctl device add --count --claims` adds one-time codes to, "device,code" a
// line. It holds secrets until the devices have enrolled: a regular file belongs to its owner alone
// (0600) before the first code is in it. Owned by one command, one thread.
#pragma once

#include <string>

#include "base/result.hpp"

namespace frugal::cli {

class ClaimsFile {
public:
    /// Opens or makes the file and takes it away from everybody else; before any device is added,
    /// so that no code is lost. kStorage, kDenied.
    static base::Result<ClaimsFile> open(std::string path);

    ClaimsFile(ClaimsFile&& other) noexcept;
    ClaimsFile(const ClaimsFile&) = delete;
    ClaimsFile& operator=(const ClaimsFile&) = delete;
    ~ClaimsFile();

    /// Adds one line. kStorage.
    base::Result<void> append(const std::string& device, const std::string& code);

private:
    ClaimsFile(std::string path, int descriptor)
        : path_(std::move(path)), descriptor_(descriptor) {}

    std::string path_;
    int descriptor_;
};

}  // namespace frugal::cli
