// SPDX-License-Identifier: Apache-2.0
// What the gateway's database says happened: decision rows, gaps and stream heads, read through a
// connection that cannot write. Plain values; read once by `verify`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <vector>

#include "device-sim/ledger/ledger.hpp"

namespace frugal::swarm {

struct StoredDecision {
    std::uint64_t sequence = 0;
    std::uint32_t boot_epoch = 0;
    std::uint32_t ticks = 0;
    std::uint32_t task = 0;
    std::uint32_t release = 0;
    std::uint32_t class_id = 0;
    std::uint32_t confidence_q8 = 0;
    std::uint32_t outcome = 0;  ///< tier * 16 + policy reason
};

struct StoredGap {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    bool is_declared = true;  ///< by the device; else the gateway knows it forgot
};

struct StoredStream {
    std::uint64_t next_sequence = 0;
    std::vector<StoredDecision> decisions;  ///< in the order they were stored
    std::vector<StoredGap> gaps;
};

struct Stored {
    std::map<StreamKey, StoredStream> streams;

    /// Opens the file read-only. Errors name the file and what SQLite said.
    static Result<Stored> load(const std::filesystem::path& database);
};

}  // namespace frugal::swarm
