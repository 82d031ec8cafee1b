// SPDX-License-Identifier: Apache-2.0
// What a process has used so far, from /proc: CPU and bytes written to disk. Plain values, any
// thread. A process that cannot be read counts as zero.
#pragma once

#include <cstdint>
#include <string>

namespace frugal::bench {

struct ProcessUse {
    double cpu_us = 0;
    std::uint64_t written_bytes = 0;  ///< pages handed to the block layer

    ProcessUse& operator+=(const ProcessUse& other);
    ProcessUse operator-(const ProcessUse& other) const;
};

ProcessUse use_of(int pid);

/// A database and its write-ahead log together; 0 without a path.
std::uint64_t database_bytes(const std::string& path);

}  // namespace frugal::bench
