// SPDX-License-Identifier: Apache-2.0
#include "policy/replay/csv.hpp"

#include <charconv>
#include <cmath>
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
    if (begin == std::string_view::npos) {
        return {};
    }
    text = text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
    const bool is_quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
    return is_quoted ? text.substr(1, text.size() - 2) : text;
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
        while (next_line()) {
            if (trimmed(row_).empty()) {
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
        line_ = 0;
        return {};
    }

    bool next_line() {
        if (left_.empty()) {
            return false;
        }
        const auto end = left_.find('\n');
        row_ = left_.substr(0, end);
        left_.remove_prefix(end == std::string_view::npos ? left_.size() : end + 1);
        if (!row_.empty() && row_.back() == '\r') {
            row_.remove_suffix(1);
        }
        ++line_;
        return true;
    }

    Result<void> read_head() {
        std::vector<bool> found(wanted_.size(), false);
        next_line();
        for (std::size_t begin = 0; begin <= row_.size();) {
            const std::size_t end = std::min(row_.find(',', begin), row_.size());
            const std::string_view name = trimmed(row_.substr(begin, end - begin));
            std::size_t target = wanted_.size();
            for (std::size_t i = 0; i < wanted_.size(); ++i) {
                target = wanted_[i].name == name ? i : target;
            }
            if (target < wanted_.size() && found[target]) {
                return refuse(begin + 1, fmt::format("the column \"{}\" appears twice", name), {},
                              "Remove one of them.");
            }
            if (target < wanted_.size()) {
                found[target] = true;
            }
            targets_.push_back(target);
            if (targets_.size() > kColumnsMax) {
                return refuse(begin + 1, "too many columns",
                              fmt::format("the limit is {}", kColumnsMax), "Remove some.");
            }
            begin = end + 1;
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
        std::size_t begin = 0;
        for (std::size_t field = 0; field < targets_.size(); ++field) {
            if (begin > row_.size()) {
                return refuse(row_.size() + 1,
                              fmt::format("{} fields instead of {}", field, targets_.size()),
                              "the line ends early", "Complete or remove the line.");
            }
            const std::size_t end = std::min(row_.find(',', begin), row_.size());
            if (targets_[field] < wanted_.size()) {
                auto value = read_field(wanted_[targets_[field]],
                                        trimmed(row_.substr(begin, end - begin)), begin + 1);
                if (!value) {
                    return tl::unexpected(value.error());
                }
                table_.columns[targets_[field]].push_back(*value);
            }
            begin = end + 1;
        }
        if (begin <= row_.size()) {
            return refuse(begin + 1, fmt::format("more than {} fields", targets_.size()),
                          "the heading has fewer", "Remove the extra fields.");
        }
        table_.lines.push_back(line_);
        return {};
    }

    Result<std::int64_t> read_field(const CsvColumn& column, std::string_view text,
                                    std::size_t at) {
        if (text.empty() && column.need == CsvNeed::kOptional) {
            return kCsvEmpty;
        }
        if (column.kind == CsvKind::kLabel && !text.empty()) {
            return labels_.number(text);
        }
        const auto number = whole_number(text);
        if (!number || *number < column.least || *number > column.most) {
            return refuse(at, fmt::format("{} is \"{}\"", column.name, text.substr(0, 40)),
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
    std::string_view row_;
    std::uint32_t line_ = 0;
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
