// SPDX-License-Identifier: Apache-2.0
// Reads the IDX format of the MNIST family: big-endian magic (type 8 = unsigned byte, number of
// dimensions), sizes, bytes; gzip-compressed or not. Pure functions, any thread.
#pragma once

#include <filesystem>
#include <vector>

#include "device-sim/support/bytes.hpp"
#include "device-sim/support/result.hpp"

namespace frugal::swarm {

struct IdxFile {
    std::vector<std::uint32_t> sizes;  ///< outermost first
    Bytes content;
};

/// Refuses another element type, more than four dimensions, or a length that does not match.
Result<IdxFile> parse_idx(ByteView bytes);

/// Reads and, if needed, decompresses (at most 256 MiB).
Result<IdxFile> load_idx(const std::filesystem::path& path);

}  // namespace frugal::swarm
