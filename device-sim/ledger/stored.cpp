// SPDX-License-Identifier: Apache-2.0
#include "device-sim/ledger/stored.hpp"

#include <sqlite3.h>

#include <functional>
#include <memory>

namespace frugal::swarm {
namespace {

constexpr const char* kStreams =
    "SELECT device.id, stream.id, stream.next_sequence "
    "FROM stream JOIN device ON device.number = stream.device";
constexpr const char* kDecisions =
    "SELECT device.id, stream.id, decision.sequence, decision.boot_epoch, decision.ticks, "
    "decision.task, decision.release, decision.class, decision.confidence, decision.outcome "
    "FROM decision JOIN stream ON stream.number = decision.stream "
    "JOIN device ON device.number = stream.device ORDER BY decision.number";
constexpr const char* kGaps =
    "SELECT device.id, stream.id, gap.first_sequence, gap.until_sequence, gap.kind "
    "FROM gap JOIN stream ON stream.number = gap.stream "
    "JOIN device ON device.number = stream.device ORDER BY gap.number";
constexpr int kBusyMs = 10000;

struct Close {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using DatabasePointer = std::unique_ptr<sqlite3, Close>;
using StatementPointer = std::unique_ptr<sqlite3_stmt, Close>;

/// One row under the cursor.
class Row {
public:
    explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
    std::uint64_t u64(int column) const {
        return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column));
    }
    std::uint32_t u32(int column) const { return static_cast<std::uint32_t>(u64(column)); }
    StreamKey key() const {
        return {reinterpret_cast<const char*>(sqlite3_column_text(statement_, 0)), u64(1)};
    }

private:
    sqlite3_stmt* statement_;
};

Result<void> for_each_row(sqlite3* database, const char* query,
                          const std::function<void(const Row&)>& use) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(database, query, -1, &raw, nullptr) != SQLITE_OK) {
        return fail("the gateway's database has another schema", sqlite3_errmsg(database));
    }
    const StatementPointer statement(raw);
    int code = sqlite3_step(raw);
    for (; code == SQLITE_ROW; code = sqlite3_step(raw)) {
        use(Row(raw));
    }
    return code == SQLITE_DONE
               ? Result<void>()
               : fail("cannot read the gateway's database", sqlite3_errmsg(database));
}

Result<DatabasePointer> open_read_only(const std::filesystem::path& path) {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READONLY, nullptr);
    DatabasePointer database(raw);
    if (code != SQLITE_OK) {
        return fail("cannot open the gateway's database " + path.string(), sqlite3_errstr(code));
    }
    sqlite3_busy_timeout(raw, kBusyMs);
    return database;
}

}  // namespace

Result<Stored> Stored::load(const std::filesystem::path& path) {
    const auto database = open_read_only(path);
    if (!database) {
        return tl::unexpected<Error>(database.error());
    }
    Stored stored;
    // One transaction: all three answers are of the same moment.
    sqlite3_exec(database->get(), "BEGIN", nullptr, nullptr, nullptr);
    auto read = for_each_row(database->get(), kStreams, [&stored](const Row& row) {
        stored.streams[row.key()].next_sequence = row.u64(2);
    });
    if (read) {
        read = for_each_row(database->get(), kDecisions, [&stored](const Row& row) {
            stored.streams[row.key()].decisions.push_back({row.u64(2), row.u32(3), row.u32(4),
                                                           row.u32(5), row.u32(6), row.u32(7),
                                                           row.u32(8), row.u32(9)});
        });
    }
    if (read) {
        read = for_each_row(database->get(), kGaps, [&stored](const Row& row) {
            stored.streams[row.key()].gaps.push_back({row.u64(2), row.u64(3), row.u32(4) == 1});
        });
    }
    return read ? Result<Stored>(std::move(stored)) : fail_with(read.error(), path.string());
}

}  // namespace frugal::swarm
