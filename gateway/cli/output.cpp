// SPDX-License-Identifier: Apache-2.0
#include "cli/output.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

namespace frugal::cli {

int exit_code(base::ErrorKind kind) {
    switch (kind) {
        case base::ErrorKind::kNotFound:
            return kExitNotFound;
        case base::ErrorKind::kConflict:
            return kExitConflict;
        case base::ErrorKind::kDenied:
            return kExitDenied;
        case base::ErrorKind::kUnavailable:
            return kExitUnreachable;
        case base::ErrorKind::kInvalidInput:
        case base::ErrorKind::kLimit:
        case base::ErrorKind::kCorrupt:
        case base::ErrorKind::kStorage:
        case base::ErrorKind::kUnsupported:
        case base::ErrorKind::kInternal:
            return kExitFailed;
    }
    return kExitFailed;
}

void print_json(std::string_view command, boost::json::object document) {
    boost::json::object out;
    out["schema"] = "frugal.cli/v1/" + std::string(command);
    for (auto& [key, value] : document) {
        out[key] = std::move(value);
    }
    fmt::print("{}\n", boost::json::serialize(out));
}

int print_error(const base::Error& error) {
    fmt::print(stderr, "error: {}\n", error.message);
    if (!error.cause.empty()) {
        fmt::print(stderr, "  cause   {}\n", error.cause);
    }
    if (!error.remedy.empty()) {
        fmt::print(stderr, "  remedy  {}\n", error.remedy);
    }
    return exit_code(error.kind);
}

void say(std::string_view line) {
    fmt::print(stderr, "{}\n", line);
}

namespace {

bool is_number(const std::string& text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return (c >= '0' && c <= '9') || c == '.' || c == ',' || c == '-' || c == '%';
    });
}

}  // namespace

void print_table(const std::vector<std::string>& headings,
                 const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (std::size_t column = 0; column < headings.size(); ++column) {
        std::size_t width = headings[column].size();
        for (const auto& row : rows) {
            width = std::max(width, row[column].size());
        }
        widths.push_back(width);
    }
    const auto print_row = [&](const std::vector<std::string>& row) {
        std::string line;
        for (std::size_t column = 0; column < row.size(); ++column) {
            line += is_number(row[column]) ? fmt::format("{:>{}}", row[column], widths[column])
                                           : fmt::format("{:<{}}", row[column], widths[column]);
            line += "  ";
        }
        line.erase(line.find_last_not_of(' ') + 1);
        fmt::print("{}\n", line);
    };
    print_row(headings);
    for (const auto& row : rows) {
        print_row(row);
    }
}

std::string grouped(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
        text.insert(static_cast<std::size_t>(at), ",");
    }
    return text;
}

}  // namespace frugal::cli
