// SPDX-License-Identifier: Apache-2.0
// A disk in memory with a page cache: what is written is seen at once, but durable only after a
// sync. A crash keeps any part of what was not synced, torn at sectors. Counts its operations and
// can fail, fill up or lose power at any of them. Owned by one world; single-threaded; never
// touches a real file.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/rng.hpp"

namespace frugal::simulation {

inline constexpr std::size_t kShmSlots = 8;

/// Locks and shared memory of one database file, as SQLite wants them from a file system.
struct SharedState {
    int shared_count = 0;
    const void* reserved = nullptr;
    const void* pending = nullptr;
    const void* exclusive = nullptr;
    int shm_users = 0;
    std::vector<std::unique_ptr<std::uint8_t[]>> regions{};
    int slot_shared[kShmSlots] = {};
    const void* slot_exclusive[kShmSlots] = {};
};

/// A write or a truncation that no sync covers yet.
struct PendingWrite {
    bool is_truncation = false;
    std::uint64_t offset = 0;  ///< or the new size
    base::Bytes bytes{};
};

struct DiskFile {
    base::Bytes cached{};   ///< what reads return
    base::Bytes durable{};  ///< what surely survives a crash
    std::vector<PendingWrite> pending{};
    bool is_entry_durable = false;
    bool is_detached = false;  ///< of a process that died
    SharedState shared{};
};

enum class DiskFault { kWriteError, kSyncError, kReadError, kCrash };

enum class DiskStatus { kOk, kError, kFull };

class MemoryDisk {
public:
    explicit MemoryDisk(std::uint64_t seed) : rng_(seed) {}

    std::shared_ptr<DiskFile> open(const std::string& name);
    bool exists(const std::string& name) const { return files_.contains(name); }
    DiskStatus remove(const std::string& name);
    /// While a dead process is cleared away: it must not delete what its successor has.
    void forbid_removal(bool is_forbidden) { removal_is_forbidden_ = is_forbidden; }

    DiskStatus read(DiskFile& file);
    DiskStatus write(DiskFile& file, std::uint64_t offset, base::ByteView bytes);
    DiskStatus truncate(DiskFile& file, std::uint64_t size);
    DiskStatus sync(DiskFile& file, const std::string& name);

    /// The operation `distance` from now fails so; afterwards the disk is well again.
    void arm(DiskFault fault, std::uint64_t distance);
    void disarm() { armed_ = false; }

    /// Bytes all files together may take; writes beyond it fail.
    void set_quota(std::uint64_t bytes) { quota_ = bytes; }
    std::uint64_t size() const;

    /// The process, or the machine, dies now: files become what a restart would find.
    void crash();
    /// Only the process dies: the page cache survives.
    void kill_process();
    /// True once after a crash that was armed.
    bool take_crashed();

    /// Copies of all files as they are now: a backup, and going back to it.
    using Image = std::map<std::string, base::Bytes>;
    Image image() const;
    void restore(const Image& image);

    /// True if the bytes are anywhere: in the cache, on the platter or in between.
    bool holds(base::ByteView needle) const;

    /// For planted bugs: syncs of files whose name ends so are ignored.
    void ignore_syncs_of(std::string suffix) { ignored_suffix_ = std::move(suffix); }

    base::Rng& rng() { return rng_; }
    std::uint64_t operations() const { return operations_; }

private:
    bool strikes(DiskFault fault);
    base::Bytes survivor(const DiskFile& file);
    void settle(DiskFile& file);
    void apply_torn(base::Bytes& bytes, const PendingWrite& write);
    void detach_all();

    base::Rng rng_;
    std::map<std::string, std::shared_ptr<DiskFile>> files_;
    std::map<std::string, base::Bytes> removed_;  ///< no sync since: may come back in a crash
    std::uint64_t operations_ = 0;
    std::uint64_t reads_ = 0;
    std::uint64_t quota_ = UINT64_MAX;
    bool armed_ = false;
    DiskFault fault_ = DiskFault::kCrash;
    std::uint64_t fault_at_ = 0;
    bool crashed_ = false;
    bool removal_is_forbidden_ = false;
    std::string ignored_suffix_;
};

}  // namespace frugal::simulation
