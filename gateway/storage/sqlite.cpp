// SPDX-License-Identifier: Apache-2.0
#include "storage/sqlite.hpp"

#include "base/assert.hpp"

namespace frugal::storage {

base::Error sqlite_error(int code, std::string_view what, std::string_view detail) {
    base::Error error{base::ErrorKind::kStorage,
                      std::string(what),
                      "SQLite " + std::to_string(code) + ": " + std::string(detail),
                      {}};
    switch (code & 0xFF) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            error.kind = base::ErrorKind::kCorrupt;
            error.remedy =
                "Stop the gateway, keep the damaged file, and restore the last backup: devices "
                "send "
                "again what was not acknowledged, the rest is listed as a gap";
            break;
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_READONLY:
            error.kind = base::ErrorKind::kUnavailable;
            error.remedy = "Check that the directory exists and belongs to the gateway's user";
            break;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            error.kind = base::ErrorKind::kConflict;
            error.remedy = "Close the other program that has the database open";
            break;
        case SQLITE_FULL:
            error.remedy =
                "Make room on the disk, or raise store.pages; nothing acknowledged is lost";
            break;
        default:
            error.remedy = "Check the disk; nothing acknowledged is lost";
            break;
    }
    return error;
}

Statement& Statement::number(std::int64_t value) {
    const int code = sqlite3_bind_int64(statement_.get(), next_++, value);
    FRUGAL_ASSERT(code == SQLITE_OK);
    return *this;
}

Statement& Statement::number(std::optional<std::int64_t> value) {
    return value ? number(*value) : null();
}

Statement& Statement::text(std::string_view value) {
    const int code = sqlite3_bind_text64(statement_.get(), next_++, value.data(), value.size(),
                                         SQLITE_TRANSIENT, SQLITE_UTF8);
    FRUGAL_ASSERT(code == SQLITE_OK || code == SQLITE_NOMEM);
    return *this;
}

Statement& Statement::bytes(base::ByteView value) {
    // A null pointer would bind NULL, not an empty blob.
    const auto* data = value.empty() ? reinterpret_cast<const std::uint8_t*>("") : value.data();
    const int code =
        sqlite3_bind_blob64(statement_.get(), next_++, data, value.size(), SQLITE_STATIC);
    FRUGAL_ASSERT(code == SQLITE_OK);
    return *this;
}

Statement& Statement::null() {
    const int code = sqlite3_bind_null(statement_.get(), next_++);
    FRUGAL_ASSERT(code == SQLITE_OK);
    return *this;
}

void Statement::reset() {
    sqlite3_reset(statement_.get());
    next_ = 1;
}

base::Result<bool> Statement::row() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) {
        return true;
    }
    base::Result<bool> result = false;
    if (code != SQLITE_DONE) {
        auto* database = sqlite3_db_handle(statement_.get());
        result = tl::unexpected<base::Error>(
            sqlite_error(sqlite3_extended_errcode(database), name_, sqlite3_errmsg(database)));
    }
    reset();
    return result;
}

base::Result<void> Statement::run() {
    const auto has_row = row();
    if (!has_row) {
        return tl::unexpected<base::Error>(has_row.error());
    }
    FRUGAL_ASSERT(!*has_row);
    return {};
}

std::int64_t Statement::number_at(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text_at(int column) const {
    const auto bytes = bytes_at(column);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

base::ByteView Statement::bytes_at(int column) const {
    const auto* data =
        static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return {data, data == nullptr ? 0 : static_cast<std::size_t>(size)};
}

bool Statement::is_null_at(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

base::Result<Connection> Connection::open(const std::string& path, const std::string& vfs,
                                          OpenMode mode) {
    const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                      (mode == OpenMode::kReadOnly ? SQLITE_OPEN_READONLY
                                                   : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    sqlite3* raw = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &raw, flags, vfs.empty() ? nullptr : vfs.c_str());
    Connection connection;
    connection.database_.reset(raw);
    if (code != SQLITE_OK) {
        return tl::unexpected<base::Error>(
            sqlite_error(code, "database " + path + " not opened",
                         raw == nullptr ? "out of memory" : sqlite3_errmsg(raw)));
    }
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    return connection;
}

base::Result<void> Connection::run(const std::string& sql) {
    const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        return tl::unexpected<base::Error>(
            sqlite_error(code, sql.substr(0, 60), sqlite3_errmsg(database_.get())));
    }
    return {};
}

base::Result<Statement> Connection::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) {
        return tl::unexpected<base::Error>(
            sqlite_error(code, sql.substr(0, 60), sqlite3_errmsg(database_.get())));
    }
    return Statement(statement, sql.substr(0, 60));
}

base::Result<std::int64_t> Connection::number(const std::string& sql) {
    auto statement = prepare(sql);
    if (!statement) {
        return tl::unexpected<base::Error>(statement.error());
    }
    const auto has_row = statement->row();
    if (!has_row) {
        return tl::unexpected<base::Error>(has_row.error());
    }
    return *has_row ? statement->number_at(0) : 0;
}

base::Result<std::string> Connection::text(const std::string& sql) {
    auto statement = prepare(sql);
    if (!statement) {
        return tl::unexpected<base::Error>(statement.error());
    }
    const auto has_row = statement->row();
    if (!has_row) {
        return tl::unexpected<base::Error>(has_row.error());
    }
    return *has_row ? statement->text_at(0) : std::string();
}

}  // namespace frugal::storage
