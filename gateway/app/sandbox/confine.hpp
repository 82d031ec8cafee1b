// SPDX-License-Identifier: Apache-2.0
// What a process gives up before it reads bytes of a stranger: memory and processor time beyond a
// limit, every file, core dumps, new rights, its other descriptors, and all system calls but the
// few that computing needs. There is no way back. Called once, at the start of a child's main.
#pragma once

#include <cstdint>

#include "base/result.hpp"

namespace frugal::app {

struct Confinement {
    std::uint64_t memory_bytes = 0;  ///< address space beyond what the program maps at its start
    std::uint32_t cpu_seconds = 0;
};

/// kInternal, naming what the kernel refused: then nothing may be read.
base::Result<void> confine(const Confinement& limits);

}  // namespace frugal::app
