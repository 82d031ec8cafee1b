// SPDX-License-Identifier: Apache-2.0
// How frugalctl speaks: data to standard output (text or one JSON document with its schema name),
// talk and errors to standard error, and the exit status that says what kind of end it was.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/error.hpp"

namespace frugal::cli {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotFound = 3;
inline constexpr int kExitConflict = 4;
inline constexpr int kExitDenied = 5;
inline constexpr int kExitUnreachable = 6;
inline constexpr int kExitRolloutFailed = 7;
inline constexpr int kExitTimedOut = 8;

int exit_code(base::ErrorKind kind);

/// Prints {"schema":"frugal.cli/v1/COMMAND", ...document} on one line.
void print_json(std::string_view command, boost::json::object document);

/// The values as a JSON array.
template <typename Values>
boost::json::array array_of(const Values& values) {
    boost::json::array array;
    for (const auto& value : values) {
        array.emplace_back(value);
    }
    return array;
}

/// Prints "error: message", then cause and remedy on lines of their own; returns the exit code.
int print_error(const base::Error& error);

/// Talk: a line for people, never data.
void say(std::string_view line);

/// Prints rows under headings, columns aligned; numbers (all digits, dots, signs) to the right.
void print_table(const std::vector<std::string>& headings,
                 const std::vector<std::vector<std::string>>& rows);

/// "1,234,567".
std::string grouped(std::uint64_t number);

}  // namespace frugal::cli
