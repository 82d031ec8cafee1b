// SPDX-License-Identifier: Apache-2.0
#include "storage/database.hpp"

#include <fmt/format.h>

#include "base/fault_point.hpp"
#include "storage/ballast.hpp"
#include "storage/batch_writer.hpp"
#include "storage/migration.hpp"
#include "storage/owner_lock.hpp"
#include "storage/trusted_reader.hpp"

namespace frugal::storage {

struct Database::State {
    DatabaseOptions options;
    OwnerLock lock;  ///< outlives the connection
    Connection connection;
    BatchWriter writer;
    bool is_spent = false;
};

namespace {

constexpr int kJournalSizeLimit = 16 * 1024 * 1024;
constexpr std::int64_t kWholeCheckPages = 16 * 1024;  ///< 64 MiB

std::filesystem::path ballast_path(const DatabaseOptions& options) {
    return options.path.string() + ".ballast";
}

base::Result<void> configure(Connection& connection, const DatabaseOptions& options) {
    // The order matters: the page size before the first page, the rest before the first commit.
    const auto mode =
        connection.text("PRAGMA page_size = 4096; ").and_then([&](const std::string&) {
            return connection.text("PRAGMA journal_mode = WAL");
        });
    if (!mode) {
        return tl::unexpected<base::Error>(mode.error());
    }
    if (*mode != "wal") {
        return base::fail(
            base::ErrorKind::kUnsupported, "database " + options.path.string() + " not opened",
            "its file system cannot hold a write-ahead log (journal mode " + *mode + ")",
            "Put it on a local disk");
    }
    return connection.run(
        fmt::format("PRAGMA synchronous = FULL;"
                    "PRAGMA cell_size_check = ON;"
                    "PRAGMA temp_store = MEMORY;"
                    "PRAGMA journal_size_limit = {};"
                    "PRAGMA max_page_count = {};",
                    kJournalSizeLimit, options.page_limit));
}

base::Result<void> check_part(Connection& connection, const std::string& path,
                              const std::string& pragma) {
    const auto verdict = connection.text(pragma);
    if (!verdict) {
        return tl::unexpected<base::Error>(verdict.error());
    }
    if (*verdict != "ok") {
        return tl::unexpected<base::Error>(
            sqlite_error(SQLITE_CORRUPT, "database " + path + " is damaged", *verdict));
    }
    return {};
}

// A start must not take longer the more decisions there are: their rows are only appended to, so a
// large file is checked without them.
base::Result<void> check_integrity(Connection& connection, const std::string& path) {
    const auto pages = connection.number("PRAGMA page_count");
    if (!pages) {
        return tl::unexpected<base::Error>(pages.error());
    }
    if (*pages <= kWholeCheckPages) {
        return check_part(connection, path, "PRAGMA quick_check(1)");
    }
    for (const auto* table :
         {"setting", "device", "stream", "gap", "task", "release", "variant", "artifact",
          "edge_model", "policy", "policy_version", "policy_part", "policy_rollout", "rollout",
          "rollout_device", "audit", "incident", "learning"}) {
        const auto pragma = fmt::format("PRAGMA quick_check('{}')", table);
        if (auto done = check_part(connection, path, pragma); !done) {
            return done;
        }
    }
    return {};
}

// What the last owner left in the log may be in the page cache only: after a failed flush the
// kernel calls lost pages clean, and no later flush writes them. Frames appended behind such a hole
// vanish with it in the next power cut, acknowledged or not. So everything moves into the database
// file, flushed, and the log starts empty, before anything is read and believed.
base::Result<void> settle_log(Connection& connection, const std::string& path) {
    const auto is_busy = connection.number("PRAGMA wal_checkpoint(TRUNCATE)");
    if (!is_busy) {
        return tl::unexpected<base::Error>(is_busy.error());
    }
    if (*is_busy != 0) {
        return base::fail(base::ErrorKind::kUnavailable, "database " + path + " is being read",
                          "its log cannot be moved into it meanwhile", "Try again in a moment");
    }
    return {};
}

base::Result<void> make_ready(Connection& connection, const DatabaseOptions& options) {
    if (auto done = check_version(connection, options.path.string()); !done) {
        return done;
    }
    if (auto done = configure(connection, options); !done) {
        return done;
    }
    if (auto done = settle_log(connection, options.path.string()); !done) {
        return done;
    }
    if (options.check_at_open) {
        if (auto done = check_integrity(connection, options.path.string()); !done) {
            return done;
        }
    }
    return migrate(connection, migrations().size());
}

}  // namespace

base::Result<Database> Database::open(const DatabaseOptions& options) {
    auto state = std::make_unique<State>();
    state->options = options;
    const auto path = options.path.string();
    if (options.use_file_lock) {
        auto lock = OwnerLock::take(path + ".lock");
        if (!lock) {
            return tl::unexpected<base::Error>(lock.error());
        }
        state->lock = std::move(*lock);
        if (auto done = ensure_ballast(ballast_path(options), options.ballast_bytes); !done) {
            return tl::unexpected<base::Error>(done.error());
        }
    }
    auto connection = Connection::open(path, options.vfs, OpenMode::kReadWrite);
    if (!connection) {
        return tl::unexpected<base::Error>(connection.error());
    }
    if (const auto done = make_ready(*connection, options); !done) {
        return base::fail(done.error(), "opening database " + path);
    }
    auto writer = BatchWriter::prepare(*connection);
    if (!writer) {
        return tl::unexpected<base::Error>(writer.error());
    }
    state->connection = std::move(*connection);
    state->writer = std::move(*writer);
    return Database(std::move(state));
}

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::~Database() = default;
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;

base::Result<core::Snapshot> Database::load() {
    return TrustedReader(state_->connection).load();
}

base::Result<void> Database::commit(const core::WriteBatch& batch) {
    if (state_->is_spent) {
        return base::fail(base::ErrorKind::kStorage, "commit refused",
                          "an earlier commit failed and its outcome is unknown",
                          "Open the database again and load it");
    }
    auto& connection = state_->connection;
    base::fault_point("storage.begin");
    auto done = connection.run("BEGIN IMMEDIATE")
                    .and_then([&] { return state_->writer.write(batch); })
                    .and_then([&] {
                        base::fault_point("storage.commit");
                        return connection.run("COMMIT");
                    });
    base::fault_point("storage.committed");
    if (!done) {
        // Not retried: after a failed flush the kernel may have forgotten the pages. Nor is the log
        // moved on closing: the next owner decides what is true.
        state_->is_spent = true;
        sqlite3_db_config(connection.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
        auto error = done.error().with_context("commit of " + std::to_string(batch.rows()) +
                                               " rows to " + state_->options.path.string());
        error.kind = base::ErrorKind::kStorage;
        return tl::unexpected<base::Error>(std::move(error));
    }
    return {};
}

base::Result<void> Database::checkpoint() {
    return state_->connection.run("PRAGMA wal_checkpoint(TRUNCATE)");
}

std::int64_t Database::synchronous() const {
    return state_->connection.number("PRAGMA synchronous").value_or(-1);
}

bool Database::release_ballast() {
    return drop_ballast(ballast_path(state_->options));
}

}  // namespace frugal::storage
