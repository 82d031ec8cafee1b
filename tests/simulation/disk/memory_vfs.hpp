// SPDX-License-Identifier: Apache-2.0
// SQLite's view of a MemoryDisk: files, locks, shared memory, a clock that stands still and seeded
// randomness. Registered under its name, as the default, while the object lives: one at a time.
#pragma once

#include <memory>
#include <string>

#include "simulation/disk/memory_disk.hpp"

struct sqlite3_vfs;

namespace frugal::simulation {

class MemoryVfs {
public:
    explicit MemoryVfs(MemoryDisk& disk);
    ~MemoryVfs();
    MemoryVfs(const MemoryVfs&) = delete;
    MemoryVfs& operator=(const MemoryVfs&) = delete;

    static constexpr const char* kName = "frugal-simulation";

private:
    std::unique_ptr<sqlite3_vfs> vfs_;
};

}  // namespace frugal::simulation
