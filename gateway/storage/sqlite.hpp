// SPDX-License-Identifier: Apache-2.0
// The thin layer over SQLite's C interface: a connection, a statement, errors as values. Private to
// gateway/storage; one thread at a time per connection.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::storage {

/// The error of a failed call: kCorrupt for damaged files, kUnavailable if it cannot be opened,
/// kStorage otherwise; cause and remedy in words.
base::Error sqlite_error(int code, std::string_view what, std::string_view detail);

/// One prepared statement. Values bind from 1 on, columns count from 0 as in SQLite.
class Statement {
public:
    Statement() = default;
    Statement(sqlite3_stmt* statement, std::string_view name)
        : statement_(statement), name_(name) {}

    Statement& number(std::int64_t value);
    Statement& number(std::optional<std::int64_t> value);
    Statement& text(std::string_view value);
    /// The bytes must stay until run() or the last row().
    Statement& bytes(base::ByteView value);
    Statement& null();

    /// Executes a statement without rows and makes it ready for the next binding.
    base::Result<void> run();

    /// Moves to the next row; false at the end, which makes it ready for the next binding.
    base::Result<bool> row();
    void reset();

    std::int64_t number_at(int column) const;
    std::string text_at(int column) const;
    base::ByteView bytes_at(int column) const;  ///< valid until the next row
    bool is_null_at(int column) const;

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    std::string_view name_;
    int next_ = 1;
};

enum class OpenMode { kReadWrite, kReadOnly };

class Connection {
public:
    static base::Result<Connection> open(const std::string& path, const std::string& vfs,
                                         OpenMode mode);

    /// Executes any number of statements, rows ignored.
    base::Result<void> run(const std::string& sql);

    /// The first column of the first row.
    base::Result<std::int64_t> number(const std::string& sql);
    base::Result<std::string> text(const std::string& sql);

    /// `sql` must outlive the statement: a literal.
    base::Result<Statement> prepare(std::string_view sql);

    sqlite3* handle() { return database_.get(); }

private:
    struct Close {
        void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
    };
    std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace frugal::storage
