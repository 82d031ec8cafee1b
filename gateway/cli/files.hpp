// SPDX-License-Identifier: Apache-2.0
// The files a command is given and the ones it makes. Blocking; main thread.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::cli {

/// The whole file, also of a pipe. kNotFound if it cannot be opened, kInvalidInput for a directory,
/// kLimit above 64 MiB.
base::Result<base::Bytes> read_bytes(const std::string& path);

/// Whether `output` may be made of `inputs`: kConflict if it is one of them by whatever name, or
/// the standard output, where a command's report goes. Asked before the work begins. Empty names
/// and files that are not there are none.
base::Result<void> check_output(const std::string& output, const std::vector<std::string>& inputs);

/// Makes or replaces a file: beside the target first, then renamed once it is on the disk, so that
/// a reader never sees half of it. What is no regular file (a link, a device) is written where it
/// is. kUnavailable; kConflict where a private key lies, which nothing replaces.
base::Result<void> write_bytes(const std::string& path, base::ByteView bytes);

}  // namespace frugal::cli
