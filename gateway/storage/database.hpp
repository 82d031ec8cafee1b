// SPDX-License-Identifier: Apache-2.0
// The one owner of the gateway's database file: opens and locks it, migrates it, reads it at start,
// commits batches. Used from one thread at a time (the storage writer's). All calls block. Never
// retries a failed commit: its outcome is unknown until the file is opened and loaded again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "core/snapshot.hpp"
#include "core/write.hpp"

namespace frugal::storage {

struct DatabaseOptions {
    std::filesystem::path path{};
    std::int64_t page_limit = 1'048'576;  ///< pages of 4096 bytes; commits beyond it fail cleanly
    std::int64_t ballast_bytes = 0;       ///< a file beside it, deleted to get room on a full disk
    std::string vfs{};                    ///< SQLite VFS by name; empty: the default
    bool use_file_lock = true;            ///< flock beside the file; off only where the VFS is fake
    bool check_at_open = true;  ///< PRAGMA quick_check; a large file without its decisions
};

class Database {
public:
    /// Opens or creates, takes the single-owner lock, checks and migrates.
    /// Errors: kConflict (another process owns it), kUnsupported (made by a newer version: nothing
    /// was written), kCorrupt (with remedy), kUnavailable (cannot open), kStorage.
    static base::Result<Database> open(const DatabaseOptions& options);

    ~Database();
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;

    /// Everything a Core needs to start. kCorrupt, kStorage.
    base::Result<core::Snapshot> load();

    /// Writes the batch in one transaction; durable when this returns success. Any error means the
    /// outcome is unknown: close, open, load. kStorage.
    base::Result<void> commit(const core::WriteBatch& batch);

    /// Moves the write-ahead log into the database file as far as readers allow. kStorage.
    base::Result<void> checkpoint();

    /// PRAGMA synchronous as in force: 2 is FULL. For tests and diagnosis.
    std::int64_t synchronous() const;

    /// Deletes the ballast file so that a full disk has room again; false if there was none.
    bool release_ballast();

private:
    struct State;
    explicit Database(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace frugal::storage
