// SPDX-License-Identifier: Apache-2.0
// Private to this folder: the files of a trace as tables, before anything is decided about them.
// Owned by one parse_trace(); pure, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "policy/replay/csv.hpp"

namespace frugal::policy {

enum TraceColumn : std::size_t {
    kSeq,
    kTask,
    kLocalClass,
    kConfidence,
    kMargin,
    kEdgeClass,
    kTrueClass,
    kPhase,
    kEntropy,
    kEdgeConfidence,
    kEdgeGain,
    kTraceColumns
};

/// All columns of one row; kCsvEmpty where the files say nothing.
using TableRow = std::array<std::int64_t, kTraceColumns>;

struct TraceTable {
    std::string origin;  ///< the file
    std::vector<TableRow> rows;
    std::vector<std::uint32_t> lines;  ///< of each row, from 1
};

/// A trace or a canary. kInvalidInput, kLimit.
base::Result<TraceTable> read_trace_table(const CsvText& file, CsvLabels& labels);

/// An empty phase is as that of the row before; before the first that is told, as `first`.
void fill_phases(TraceTable& table, std::int64_t first);

/// What --extra tells, by seq.
class ExtraColumns {
public:
    /// kInvalidInput, kLimit.
    static base::Result<ExtraColumns> read(const CsvText& file, CsvLabels& labels);

    const std::string& origin() const { return origin_; }
    bool knows(std::int64_t seq) const { return rows_.contains(seq); }

    /// Fills in what the row itself does not tell. False if its seq is not known.
    bool fill(TableRow& row) const;

private:
    std::string origin_;
    CsvTable table_;
    std::unordered_map<std::int64_t, std::size_t> rows_;
};

}  // namespace frugal::policy
