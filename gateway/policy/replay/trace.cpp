// SPDX-License-Identifier: Apache-2.0
#include "policy/replay/trace.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

namespace frugal::policy {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::int64_t kSeqMost = 9'000'000'000'000'000;
constexpr std::int64_t kClassMost = 255;
constexpr double kWholeQ8 = 256;

enum Column : std::size_t {
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
    kColumns
};

// clang-format off
constexpr auto kNeeded = CsvNeed::kRequired;
constexpr auto kFree = CsvNeed::kOptional;
constexpr std::array<CsvColumn, kColumns> kTraceColumns = {{
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
constexpr std::array<Column, 5> kExtraTargets = {kSeq, kPhase, kEntropy, kEdgeConfidence,
                                                 kEdgeGain};

/// All columns of one row; kCsvEmpty where the files say nothing.
using Row = std::array<std::int64_t, kColumns>;

std::vector<Row> rows_of(const CsvTable& table) {
    std::vector<Row> rows(table.rows());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        for (std::size_t column = 0; column < kColumns; ++column) {
            rows[i][column] = table.has(column) ? table.columns[column][i] : kCsvEmpty;
        }
    }
    return rows;
}

std::uint8_t byte_of(std::int64_t q8) {
    return static_cast<std::uint8_t>(std::min<std::int64_t>(q8, 255));
}

bool same_answers(const Row& one, const Row& other) {
    const auto same = [&](Column column) { return one[column] == other[column]; };
    return same(kLocalClass) && same(kConfidence) && same(kEdgeClass) && same(kTrueClass);
}

class Reader {
public:
    explicit Reader(const TraceFiles& files) : files_(files) {}

    Result<Trace> read() {
        auto rows = read_file(files_.trace);
        if (!rows) {
            return tl::unexpected(rows.error());
        }
        rows_ = std::move(*rows);
        if (auto joined = join_extra(); !joined) {
            return tl::unexpected(joined.error());
        }
        fill_phases();
        // Only then are the phases known in order, which canaries without one are dealt out by.
        if (auto read = read_canaries(); !read) {
            return tl::unexpected(read.error());
        }
        return build();
    }

private:
    Result<std::vector<Row>> read_file(const CsvText& file) {
        auto table = parse_csv(file, kTraceColumns, labels_);
        if (!table) {
            return tl::unexpected(table.error());
        }
        return rows_of(*table);
    }

    Result<void> join_extra() {
        if (!files_.extra) {
            return {};
        }
        auto table = parse_csv(*files_.extra, kExtraColumns, labels_);
        if (!table) {
            return tl::unexpected(table.error());
        }
        if (rows_[0][kSeq] == kCsvEmpty) {
            return fail(ErrorKind::kInvalidInput,
                        files_.trace.origin + ": no column \"seq\", which " + files_.extra->origin +
                            " is joined by",
                        {}, "Add the column.");
        }
        for (std::size_t i = 0; i < table->rows(); ++i) {
            if (!extra_rows_.emplace(table->columns[0][i], i).second) {
                return fail(ErrorKind::kInvalidInput,
                            fmt::format("{}:{}:1: seq {} stands twice", files_.extra->origin,
                                        table->lines[i], table->columns[0][i]),
                            {}, "Give every row a seq of its own.");
            }
        }
        extra_ = std::move(*table);
        for (Row& row : rows_) {
            if (!take_extra(row)) {
                return fail(ErrorKind::kInvalidInput,
                            fmt::format("{}: no row for seq {} of {}", files_.extra->origin,
                                        row[kSeq], files_.trace.origin),
                            {},
                            "Give every row of the trace its extra row, or leave the file out.");
            }
        }
        return {};
    }

    bool take_extra(Row& row) const {
        const auto found = extra_rows_.find(row[kSeq]);
        if (found == extra_rows_.end()) {
            return false;
        }
        for (std::size_t i = 1; i < kExtraTargets.size(); ++i) {
            if (extra_.has(i) && row[kExtraTargets[i]] == kCsvEmpty) {
                row[kExtraTargets[i]] = extra_.columns[i][found->second];
            }
        }
        return true;
    }

    void fill_phases() {
        std::int64_t last = kCsvEmpty;
        for (Row& row : rows_) {
            row[kPhase] = row[kPhase] == kCsvEmpty ? last : row[kPhase];
            last = row[kPhase];
            phase_number(row[kPhase]);
        }
    }

    std::uint32_t phase_number(std::int64_t label) {
        return phases_.try_emplace(label, static_cast<std::uint32_t>(phases_.size())).first->second;
    }

    std::uint32_t task_number(std::int64_t label) {
        return tasks_.try_emplace(label, static_cast<std::uint32_t>(tasks_.size())).first->second;
    }

    Result<void> read_canaries() {
        std::unordered_map<std::int64_t, std::size_t> by_seq;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            by_seq.emplace(rows_[i][kSeq], i);
        }
        std::uint32_t next_phase = 0;
        for (const CsvText& file : files_.canaries) {
            auto rows = read_file(file);
            if (!rows) {
                return tl::unexpected(rows.error());
            }
            place_canary(*rows, by_seq);
            // The n-th file that says nothing of phases is of the n-th phase.
            const bool is_silent = std::all_of(rows->begin(), rows->end(), [](const Row& row) {
                return row[kPhase] == kCsvEmpty;
            });
            for (const Row& row : *rows) {
                const std::uint32_t phase =
                    row[kPhase] == kCsvEmpty ? next_phase : phase_number(row[kPhase]);
                canary_.push_back({row, phase});
            }
            next_phase += is_silent ? 1 : 0;
        }
        return {};
    }

    // A canary row may have its extra columns in the extra file: under a seq the trace does not
    // use, or under that of the very task it was taken from.
    void place_canary(std::vector<Row>& rows,
                      const std::unordered_map<std::int64_t, std::size_t>& by_seq) const {
        for (Row& row : rows) {
            const auto task = by_seq.find(row[kSeq]);
            if (row[kSeq] != kCsvEmpty &&
                (task == by_seq.end() || same_answers(row, rows_[task->second]))) {
                take_extra(row);
            }
        }
    }

    // Where the difference cannot be one of two chances, the column is a finished estimate.
    bool gains_are_finished() const {
        std::size_t odd = 0;
        std::size_t seen = 0;
        for (const Row& row : rows_) {
            if (row[kEdgeGain] != kCsvEmpty && row[kLocalClass] != row[kEdgeClass]) {
                ++seen;
                const std::int64_t top = row[kEdgeConfidence];
                odd +=
                    top == kCsvEmpty || 2 * top - row[kEdgeGain] > 260 || row[kEdgeGain] > top + 2
                        ? 1
                        : 0;
            }
        }
        return odd * 100 > seen;
    }

    Answers answers_of(const Row& row, bool finished) const {
        Answers answers;
        answers.local_class = static_cast<std::uint32_t>(row[kLocalClass]);
        answers.edge_class = static_cast<std::uint32_t>(row[kEdgeClass]);
        answers.confidence_q8 = byte_of(row[kConfidence]);
        if (row[kEdgeGain] == kCsvEmpty) {
            return answers;
        }
        const double gain = static_cast<double>(row[kEdgeGain]) / kWholeQ8;
        if (finished) {
            answers.finished_signal = gain;
        } else {
            const double top = static_cast<double>(row[kEdgeConfidence]) / kWholeQ8;
            answers.opinion = EdgeOpinion{top, std::clamp(top - gain, 0.0, 1.0)};
        }
        return answers;
    }

    Trace build() {
        Trace trace;
        const bool finished = gains_are_finished();
        std::int64_t most_class = 1;
        trace.rows.reserve(rows_.size());
        trace.has_margins = trace.has_entropy = true;
        for (const Row& row : rows_) {
            TraceRow made;
            made.answers = answers_of(row, finished);
            made.true_class = static_cast<std::uint32_t>(row[kTrueClass]);
            made.task = task_number(row[kTask]);
            made.phase = phase_number(row[kPhase]);
            trace.has_margins = trace.has_margins && row[kMargin] != kCsvEmpty;
            made.margin_q8 = row[kMargin] == kCsvEmpty ? std::uint8_t{0} : byte_of(row[kMargin]);
            trace.has_entropy = trace.has_entropy && row[kEntropy] != kCsvEmpty;
            if (row[kEntropy] != kCsvEmpty) {
                made.entropy_confidence_q8 = byte_of(row[kEntropy]);
            }
            most_class = std::max({most_class, row[kLocalClass], row[kEdgeClass], row[kTrueClass]});
            trace.rows.push_back(made);
        }
        for (const auto& [row, phase] : canary_) {
            CanaryRow made;
            made.sample = {answers_of(row, finished), static_cast<std::uint32_t>(row[kTrueClass])};
            made.task = row[kTask] == kCsvEmpty ? 0 : task_number(row[kTask]);
            made.phase = phase;
            trace.canary.push_back(made);
            most_class = std::max({most_class, row[kLocalClass], row[kEdgeClass], row[kTrueClass]});
        }
        trace.classes = static_cast<std::uint32_t>(most_class + 1);
        trace.tasks = static_cast<std::uint32_t>(tasks_.size());
        return trace;
    }

    const TraceFiles& files_;
    CsvLabels labels_;
    std::vector<Row> rows_;
    CsvTable extra_;
    std::unordered_map<std::int64_t, std::size_t> extra_rows_;
    std::map<std::int64_t, std::uint32_t> phases_;
    std::map<std::int64_t, std::uint32_t> tasks_;
    std::vector<std::pair<Row, std::uint32_t>> canary_;
};

}  // namespace

Result<Trace> parse_trace(const TraceFiles& files) {
    return Reader(files).read();
}

}  // namespace frugal::policy
