// SPDX-License-Identifier: Apache-2.0
// The files a command is given and the ones it makes. Blocking; main thread.
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::cli {

/// The whole file. kNotFound if it cannot be opened, kLimit above 64 MiB.
base::Result<base::Bytes> read_bytes(const std::string& path);

/// Makes or replaces a file: beside the target first, then renamed, so that a reader never sees
/// half of it. What is no regular file (a link, a device) is written where it is. kUnavailable.
base::Result<void> write_bytes(const std::string& path, base::ByteView bytes);

}  // namespace frugal::cli
