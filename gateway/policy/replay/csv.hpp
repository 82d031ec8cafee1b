// SPDX-License-Identifier: Apache-2.0
// Tables of whole numbers and labels as people and programs write them in CSV: with or without a
// byte order mark, CR LF or LF, columns in any order, unknown columns left alone; UTF-8 only. Pure
// function, any thread. Errors name file, line and column.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace frugal::policy {

inline constexpr std::size_t kCsvRowsMax = 4'000'000;
inline constexpr std::int64_t kCsvEmpty = INT64_MIN;  ///< an empty field of an optional column

struct CsvText {
    std::string_view text;
    std::string origin;  ///< named in errors
};

enum class CsvNeed { kRequired, kOptional };
enum class CsvKind { kNumber, kLabel };

struct CsvColumn {
    std::string_view name;
    CsvNeed need = CsvNeed::kRequired;
    CsvKind kind = CsvKind::kNumber;
    std::int64_t least = 0;
    std::int64_t most = 0;
};

/// Numbers for labels, in order of appearance; several files may share one.
class CsvLabels {
public:
    std::int64_t number(std::string_view label);
    /// As it was first written; empty for kCsvEmpty. `number`: one that number() gave.
    std::string_view text(std::int64_t number) const;

private:
    std::map<std::string, std::int64_t, std::less<>> numbers_;
    std::vector<std::string> texts_;  ///< by number
};

struct CsvTable {
    std::vector<std::vector<std::int64_t>> columns;  ///< as asked for; empty: not in the file
    std::vector<std::uint32_t> lines;                ///< of each row, from 1

    bool has(std::size_t column) const { return !columns[column].empty(); }
    std::size_t rows() const { return lines.size(); }
};

/// A number may be written as 3 or 3.0. kInvalidInput, kLimit.
base::Result<CsvTable> parse_csv(const CsvText& text, std::span<const CsvColumn> wanted,
                                 CsvLabels& labels);

}  // namespace frugal::policy
