// SPDX-License-Identifier: Apache-2.0
#include "policy/replay/csv.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <deque>
#include <optional>

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace frugal::policy {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kColumnsMax = 256;
constexpr double kWholeMax = 9e15;  // beyond, a double no longer tells whole numbers apart

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    return begin == std::string_view::npos
               ? std::string_view()
               : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t whole = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, whole);
    if (error == std::errc() && stop == end && whole != kCsvEmpty) {
        return whole;
    }
    double value = 0;
    const auto [last, bad] = std::from_chars(text.data(), end, value);
    if (bad != std::errc() || last != end || !(std::abs(value) < kWholeMax) ||
        value != std::floor(value)) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(value);
}

struct Field {
    std::string_view text;
    std::uint32_t line = 0;
    std::size_t column = 0;  ///< of its first byte, from 1
};

class Parser {
public:
    Parser(const CsvText& file, std::span<const CsvColumn> wanted, CsvLabels& labels)
        : file_(file), wanted_(wanted), labels_(labels), left_(file.text) {}

    Result<CsvTable> parse() {
        if (left_.substr(0, 3) == "\xEF\xBB\xBF") {
            left_.remove_prefix(3);
        }
        if (left_.empty()) {
            line_ = 1;
            return refuse(1, "the file is empty", "the first line must name the columns",
                          "Compare docs/reference/policy-replay.md.");
        }
        if (auto checked = check_text(); !checked) {
            return tl::unexpected(checked.error());
        }
        table_.columns.resize(wanted_.size());
        if (auto head = read_head(); !head) {
            return tl::unexpected(head.error());
        }
        for (;;) {
            const auto is_more = next_record();
            if (!is_more) {
                return tl::unexpected(is_more.error());
            }
            if (!*is_more) {
                break;
            }
            if (fields_.size() == 1 && fields_[0].text.empty()) {
                continue;
            }
            if (table_.rows() == kCsvRowsMax) {
                return fail(ErrorKind::kLimit, file_.origin + ": too many rows",
                            fmt::format("the limit is {}", kCsvRowsMax), "Cut the file.");
            }
            if (auto read = read_row(); !read) {
                return tl::unexpected(read.error());
            }
        }
        if (table_.rows() == 0) {
            line_ = 1;
            return refuse(1, "no rows under the heading", "the file ends here",
                          "Add the rows, or leave the file out.");
        }
        return std::move(table_);
    }

private:
    tl::unexpected<base::Error> refuse(std::size_t column, const std::string& what,
                                       const std::string& cause, const std::string& remedy) const {
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("{}:{}:{}: {}", file_.origin, line_, column, what), cause, remedy);
    }

    Result<void> check_text() {
        line_ = 1;
        std::size_t begin = 0;
        for (std::size_t i = 0; i < left_.size();) {
            const std::size_t length = base::utf8_character_bytes(left_.substr(i));
            if (length == 0) {
                return refuse(i - begin + 1, "the text is not UTF-8",
                              fmt::format("the byte {:#04x} begins no character",
                                          static_cast<unsigned char>(left_[i])),
                              "Save the file as UTF-8.");
            }
            if (left_[i] == '\n') {
                ++line_;
                begin = i + 1;
            }
            i += length;
        }
        line_ = 0;  // of the record before the first
        return {};
    }

    /// One line, or more where a quoted field holds line breaks (RFC 4180). False at the end.
    Result<bool> next_record() {
        fields_.clear();
        unescaped_.clear();
        record_line_ = ++line_;
        column_ = 1;
        if (left_.empty()) {
            return false;
        }
        for (bool is_last = false; !is_last;) {
            if (fields_.size() > kColumnsMax) {
                return refuse(column_, "too many columns",
                              fmt::format("the limit is {}", kColumnsMax), "Remove some.");
            }
            const auto blank = std::min(left_.find_first_not_of(" \t"), left_.size());
            const bool is_quoted = left_.substr(blank).starts_with('"');
            fields_.push_back({{}, line_, column_});
            if (is_quoted) {
                advance(blank + 1);
                if (auto read = read_quoted(); !read) {
                    return tl::unexpected(read.error());
                }
            }
            const auto end = std::min(left_.find_first_of(",\n"), left_.size());
            is_last = end == left_.size() || left_[end] == '\n';
            auto text = left_.substr(0, end);
            if (is_last && text.ends_with('\r')) {
                text.remove_suffix(1);
            }
            if (!is_quoted) {
                fields_.back().text = trimmed(text);
            } else if (!trimmed(text).empty()) {
                return refuse(column_, "something stands behind a closing quote",
                              "a field that begins with a quote ends with one",
                              "Write a quote inside of a field twice: \"\".");
            }
            column_ += text.size() + (is_last ? 0 : 1);
            left_.remove_prefix(std::min(end + 1, left_.size()));
        }
        return true;
    }

    void advance(std::size_t count) {
        left_.remove_prefix(count);
        column_ += count;
    }

    /// Behind the opening quote, up to behind the closing one.
    Result<void> read_quoted() {
        std::string* joined = nullptr;
        for (;;) {
            const auto end = left_.find('"');
            if (end == std::string_view::npos) {
                line_ = fields_.back().line;
                return refuse(fields_.back().column, "the quote is never closed",
                              "a field that begins with a quote ends with one",
                              "Close it, or write a quote inside of a field twice: \"\".");
            }
            const auto piece = left_.substr(0, end);
            const bool is_doubled = left_.substr(end + 1).starts_with('"');
            if (is_doubled && joined == nullptr) {
                joined = &unescaped_.emplace_back();
            }
            count_lines(piece);
            advance(end + 1);
            if (joined != nullptr) {
                joined->append(piece).append(is_doubled ? "\"" : "");
            }
            if (!is_doubled) {
                fields_.back().text = joined != nullptr ? std::string_view(*joined) : piece;
                return {};
            }
            advance(1);
        }
    }

    /// Of a piece of a quoted field that is about to be passed.
    void count_lines(std::string_view piece) {
        const auto last = piece.rfind('\n');
        if (last != std::string_view::npos) {
            line_ += static_cast<std::uint32_t>(std::ranges::count(piece, '\n'));
            column_ = 0;
            column_ -= last;  // what follows the break begins in column 1
        }
    }

    Result<void> read_head() {
        std::vector<bool> found(wanted_.size(), false);
        if (auto read = next_record(); !read) {
            return tl::unexpected(read.error());
        }
        for (const Field& field : fields_) {
            std::size_t target = wanted_.size();
            for (std::size_t i = 0; i < wanted_.size(); ++i) {
                target = wanted_[i].name == field.text ? i : target;
            }
            if (target < wanted_.size() && found[target]) {
                return refuse(field.column,
                              fmt::format("the column \"{}\" appears twice", field.text), {},
                              "Remove one of them.");
            }
            if (target < wanted_.size()) {
                found[target] = true;
            }
            targets_.push_back(target);
            if (targets_.size() > kColumnsMax) {
                return refuse(field.column, "too many columns",
                              fmt::format("the limit is {}", kColumnsMax), "Remove some.");
            }
        }
        return check_head(found);
    }

    Result<void> check_head(const std::vector<bool>& found) {
        for (std::size_t i = 0; i < wanted_.size(); ++i) {
            if (!found[i] && wanted_[i].need == CsvNeed::kRequired) {
                return refuse(1, fmt::format("no column \"{}\"", wanted_[i].name),
                              "the first line must name the columns",
                              "Compare docs/reference/policy-replay.md.");
            }
        }
        return {};
    }

    Result<void> read_row() {
        if (fields_.size() < targets_.size()) {
            return refuse(column_,
                          fmt::format("{} fields instead of {}", fields_.size(), targets_.size()),
                          "the line ends early", "Complete or remove the line.");
        }
        if (fields_.size() > targets_.size()) {
            const Field& extra = fields_[targets_.size()];
            line_ = extra.line;
            return refuse(extra.column, fmt::format("more than {} fields", targets_.size()),
                          "the heading has fewer",
                          "Remove the extra fields, or put one with a comma in quotes.");
        }
        for (std::size_t i = 0; i < fields_.size(); ++i) {
            if (targets_[i] < wanted_.size()) {
                auto value = read_field(wanted_[targets_[i]], fields_[i]);
                if (!value) {
                    return tl::unexpected(value.error());
                }
                table_.columns[targets_[i]].push_back(*value);
            }
        }
        table_.lines.push_back(record_line_);
        return {};
    }

    Result<std::int64_t> read_field(const CsvColumn& column, const Field& field) {
        const std::string_view text = field.text;
        if (text.empty() && column.need == CsvNeed::kOptional) {
            return kCsvEmpty;
        }
        if (column.kind == CsvKind::kLabel && !text.empty()) {
            return labels_.number(text);
        }
        const auto number = whole_number(text);
        if (!number || *number < column.least || *number > column.most) {
            line_ = field.line;
            return refuse(field.column,
                          fmt::format("{} is \"{}\"", column.name, text.substr(0, 40)),
                          number ? fmt::format("it must lie in {}..{}", column.least, column.most)
                                 : std::string("it is not a whole number"),
                          "Correct the value.");
        }
        return *number;
    }

    const CsvText& file_;
    std::span<const CsvColumn> wanted_;
    CsvLabels& labels_;
    std::string_view left_;
    std::vector<Field> fields_;          ///< of the record at hand
    std::deque<std::string> unescaped_;  ///< those of them that hold quotes
    std::uint32_t line_ = 0;
    std::uint32_t record_line_ = 0;     ///< where the record begins
    std::size_t column_ = 1;            ///< of what is left
    std::vector<std::size_t> targets_;  ///< wanted column of each field; past the end: none
    CsvTable table_;
};

}  // namespace

std::int64_t CsvLabels::number(std::string_view label) {
    // 1 and 1.0 are the same phase.
    const auto whole = whole_number(label);
    const std::string key = whole ? std::to_string(*whole) : std::string(label);
    const auto [found, is_new] =
        numbers_.try_emplace(key, static_cast<std::int64_t>(numbers_.size()));
    if (is_new) {
        texts_.emplace_back(label);
    }
    return found->second;
}

std::string_view CsvLabels::text(std::int64_t number) const {
    return number == kCsvEmpty ? std::string_view() : texts_[static_cast<std::size_t>(number)];
}

base::Result<CsvTable> parse_csv(const CsvText& text, std::span<const CsvColumn> wanted,
                                 CsvLabels& labels) {
    return Parser(text, wanted, labels).parse();
}

}  // namespace frugal::policy
