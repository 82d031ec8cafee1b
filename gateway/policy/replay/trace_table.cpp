// SPDX-License-Identifier: Apache-2.0
#include "policy/replay/trace_table.hpp"

#include <fmt/format.h>

namespace frugal::policy {

using base::Result;

namespace {

constexpr std::int64_t kSeqMost = 9'000'000'000'000'000;
constexpr std::int64_t kClassMost = 255;

// clang-format off
constexpr auto kNeeded = CsvNeed::kRequired;
constexpr auto kFree = CsvNeed::kOptional;
constexpr std::array<CsvColumn, kTraceColumns> kColumns = {{
    {"seq",                 kFree,   CsvKind::kNumber, -kSeqMost, kSeqMost},
    {"task",                kFree,   CsvKind::kLabel,  0, 0},
    {"local_class",         kNeeded, CsvKind::kNumber, 0, kClassMost},
    {"local_confidence_q8", kNeeded, CsvKind::kNumber, 0, 256},
    {"margin_q8",           kFree,   CsvKind::kNumber, 0, 256},
    {"edge_class",          kNeeded, CsvKind::kNumber, 0, kClassMost},
    {"true_class",          kNeeded, CsvKind::kNumber, 0, kClassMost},
    {"phase",               kFree,   CsvKind::kLabel,  0, 0},
    {"entropy_conf_q8",     kFree,   CsvKind::kNumber, 0, 256},
    {"edge_conf_q8",        kFree,   CsvKind::kNumber, 0, 256},
    {"edge_gain_q8",        kFree,   CsvKind::kNumber, -256, 256},
}};
constexpr std::array<CsvColumn, 5> kExtraColumns = {{
    {"seq",             kNeeded, CsvKind::kNumber, -kSeqMost, kSeqMost},
    {"phase",           kFree,   CsvKind::kLabel,  0, 0},
    {"entropy_conf_q8", kFree,   CsvKind::kNumber, 0, 256},
    {"edge_conf_q8",    kFree,   CsvKind::kNumber, 0, 256},
    {"edge_gain_q8",    kFree,   CsvKind::kNumber, -256, 256},
}};
// clang-format on
constexpr std::array<TraceColumn, 5> kExtraTargets = {kSeq, kPhase, kEntropy, kEdgeConfidence,
                                                      kEdgeGain};

}  // namespace

Result<TraceTable> read_trace_table(const CsvText& file, CsvLabels& labels) {
    auto table = parse_csv(file, kColumns, labels);
    if (!table) {
        return tl::unexpected(table.error());
    }
    TraceTable found{file.origin, std::vector<TableRow>(table->rows()), std::move(table->lines)};
    for (std::size_t i = 0; i < found.rows.size(); ++i) {
        for (std::size_t column = 0; column < kTraceColumns; ++column) {
            found.rows[i][column] = table->has(column) ? table->columns[column][i] : kCsvEmpty;
        }
    }
    return found;
}

void fill_phases(TraceTable& table, std::int64_t first) {
    for (TableRow& row : table.rows) {
        row[kPhase] = row[kPhase] == kCsvEmpty ? first : row[kPhase];
        first = row[kPhase];
    }
}

Result<ExtraColumns> ExtraColumns::read(const CsvText& file, CsvLabels& labels) {
    auto table = parse_csv(file, kExtraColumns, labels);
    if (!table) {
        return tl::unexpected(table.error());
    }
    ExtraColumns extra;
    for (std::size_t i = 0; i < table->rows(); ++i) {
        if (!extra.rows_.emplace(table->columns[0][i], i).second) {
            return base::fail(base::ErrorKind::kInvalidInput,
                              fmt::format("{}:{}:1: seq {} appears twice", file.origin,
                                          table->lines[i], table->columns[0][i]),
                              "a row of the trace would have two rows here",
                              "Give every row a seq of its own.");
        }
    }
    extra.origin_ = file.origin;
    extra.table_ = std::move(*table);
    return extra;
}

bool ExtraColumns::fill(TableRow& row) const {
    const auto found = rows_.find(row[kSeq]);
    if (found == rows_.end()) {
        return false;
    }
    for (std::size_t i = 1; i < kExtraTargets.size(); ++i) {
        if (table_.has(i) && row[kExtraTargets[i]] == kCsvEmpty) {
            row[kExtraTargets[i]] = table_.columns[i][found->second];
        }
    }
    return true;
}

}  // namespace frugal::policy
