// SPDX-License-Identifier: Apache-2.0
#include "cli/output.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "cli/plain_text.hpp"
#include "wire/json_text.hpp"

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
    fmt::print("{}\n", valid_utf8(wire::json_text(std::move(out))));
}

int print_error(const base::Error& error) {
    fmt::print(stderr, "error: {}\n", plain_text(error.message));
    if (!error.cause.empty()) {
        fmt::print(stderr, "  cause   {}\n", plain_text(error.cause));
    }
    if (!error.remedy.empty()) {
        fmt::print(stderr, "  remedy  {}\n", plain_text(error.remedy));
    }
    return exit_code(error.kind);
}

void say(std::string_view line) {
    fmt::print(stderr, "{}\n", line);
}

namespace {

bool is_number(const std::string& text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return (c >= '0' && c <= '9') || c == '.' || c == ',' || c == '-' || c == '+' || c == '%';
    });
}

}  // namespace

void print_table(const std::vector<std::string>& headings,
                 const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::vector<std::string>> lines{headings};
    lines.insert(lines.end(), rows.begin(), rows.end());
    std::vector<std::size_t> widths(headings.size());
    std::vector<bool> are_numbers(headings.size());  // then the heading stands to the right as well
    for (std::size_t column = 0; column < headings.size(); ++column) {
        bool has_number = false;
        bool has_text = false;
        for (auto& line : lines) {
            auto& cell = line[column];
            cell = plain_text(cell);
            widths[column] = std::max(widths[column], cell.size());
            const bool is_value = &line != &lines.front() && !cell.empty();
            has_number = has_number || (is_value && is_number(cell));
            has_text = has_text || (is_value && !is_number(cell));
        }
        are_numbers[column] = has_number && !has_text;
    }
    for (const auto& line : lines) {
        std::string text;
        for (std::size_t column = 0; column < headings.size(); ++column) {
            const bool is_right = are_numbers[column] || is_number(line[column]);
            text += is_right ? fmt::format("{:>{}}", line[column], widths[column])
                             : fmt::format("{:<{}}", line[column], widths[column]);
            text += "  ";
        }
        text.erase(text.find_last_not_of(' ') + 1);
        fmt::print("{}\n", text);
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
