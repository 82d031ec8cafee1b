// SPDX-License-Identifier: Apache-2.0
#include "policy/replay/trace.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "policy/replay/canary_place.hpp"

namespace frugal::policy {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr double kWholeQ8 = 256;

std::uint8_t byte_of(std::int64_t q8) {
    return static_cast<std::uint8_t>(std::min<std::int64_t>(q8, 255));
}

class Reader {
public:
    explicit Reader(const TraceFiles& files) : files_(files) {}

    Result<Trace> read() {
        auto table = read_trace_table(files_.trace, labels_);
        if (!table) {
            return tl::unexpected(table.error());
        }
        table_ = std::move(*table);
        if (auto joined = join_extra(); !joined) {
            return tl::unexpected(joined.error());
        }
        if (auto checked = check_seqs(); !checked) {
            return tl::unexpected(checked.error());
        }
        number_labels();
        // Only then are the phases known in order, which canaries without one are dealt out by.
        if (auto read = read_canaries(); !read) {
            return tl::unexpected(read.error());
        }
        return build();
    }

private:
    Result<void> join_extra() {
        if (!files_.extra) {
            return {};
        }
        auto extra = ExtraColumns::read(*files_.extra, labels_);
        if (!extra) {
            return tl::unexpected(extra.error());
        }
        if (table_.rows[0][kSeq] == kCsvEmpty) {
            return fail(
                ErrorKind::kInvalidInput,
                table_.origin + ": no column \"seq\", which " + extra->origin() + " is joined by",
                {}, "Add the column.");
        }
        for (TableRow& row : table_.rows) {
            if (!extra->fill(row)) {
                return fail(ErrorKind::kInvalidInput,
                            fmt::format("{}: no row for seq {} of {}", extra->origin(), row[kSeq],
                                        table_.origin),
                            {},
                            "Give every row of the trace its extra row, or leave the file out.");
            }
        }
        extra_ = std::move(*extra);
        return {};
    }

    // A seq names a row, of its task where no other file is joined by it. It is no order: rows are
    // replayed as they stand.
    Result<void> check_seqs() {
        std::vector<std::array<std::int64_t, 3>> seen;  // task, seq, row
        std::map<std::int64_t, std::int64_t> last;      // seq by task
        bool is_rising = true;
        for (std::size_t i = 0; i < table_.rows.size(); ++i) {
            const std::int64_t seq = table_.rows[i][kSeq];
            const std::int64_t task = extra_ ? 0 : table_.rows[i][kTask];
            if (seq != kCsvEmpty) {
                const auto [before, is_first] = last.try_emplace(task, seq);
                is_rising = is_rising && (is_first || seq > before->second);
                before->second = seq;
                seen.push_back({task, seq, static_cast<std::int64_t>(i)});
            }
        }
        if (is_rising) {
            return {};
        }
        std::ranges::sort(seen);
        const auto twice = std::ranges::adjacent_find(seen, [](const auto& one, const auto& next) {
            return one[0] == next[0] && one[1] == next[1];
        });
        if (twice != seen.end()) {
            const auto second = static_cast<std::size_t>((*std::next(twice))[2]);
            return fail(ErrorKind::kInvalidInput,
                        fmt::format("{}:{}:1: seq {} appears twice", table_.origin,
                                    table_.lines[second], (*twice)[1]),
                        extra_ ? "the rows would share one of " + extra_->origin()
                               : std::string("it names one row of its task"),
                        "Give every row a seq of its own.");
        }
        notes_.push_back(table_.origin +
                         ": seq does not rise from row to row; they are replayed as they stand");
        return {};
    }

    void number_labels() {
        fill_phases(table_, kCsvEmpty);
        for (const TableRow& row : table_.rows) {
            phases_.try_emplace(row[kPhase], static_cast<std::uint32_t>(phases_.size()));
            tasks_.try_emplace(row[kTask], static_cast<std::uint32_t>(tasks_.size()));
        }
    }

    Result<void> read_canaries() {
        std::vector<TraceTable> files;
        for (const CsvText& file : files_.canaries) {
            auto table = read_trace_table(file, labels_);
            if (!table) {
                return tl::unexpected(table.error());
            }
            files.push_back(std::move(*table));
        }
        auto placed = place_canaries(
            {table_, extra_ ? &*extra_ : nullptr, tasks_, phases_, labels_}, std::move(files));
        if (!placed) {
            return tl::unexpected(placed.error());
        }
        canaries_ = std::move(*placed);
        return {};
    }

    // Where the difference cannot be one of two chances, the column is a finished estimate.
    bool gains_are_finished() const {
        std::size_t odd = 0;
        std::size_t seen = 0;
        for (const TableRow& row : table_.rows) {
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

    Answers answers_of(const TableRow& row, bool finished) const {
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
        trace.rows.reserve(table_.rows.size());
        trace.has_margins = trace.has_entropy = true;
        for (const TableRow& row : table_.rows) {
            TraceRow made;
            made.answers = answers_of(row, finished);
            made.true_class = static_cast<std::uint32_t>(row[kTrueClass]);
            made.task = tasks_.at(row[kTask]);
            made.phase = phases_.at(row[kPhase]);
            trace.has_margins = trace.has_margins && row[kMargin] != kCsvEmpty;
            made.margin_q8 = row[kMargin] == kCsvEmpty ? std::uint8_t{0} : byte_of(row[kMargin]);
            trace.has_entropy = trace.has_entropy && row[kEntropy] != kCsvEmpty;
            if (row[kEntropy] != kCsvEmpty) {
                made.entropy_confidence_q8 = byte_of(row[kEntropy]);
            }
            most_class = std::max({most_class, row[kLocalClass], row[kEdgeClass], row[kTrueClass]});
            trace.rows.push_back(made);
        }
        for (const auto& [row, task, phase] : canaries_.rows) {
            trace.canary.push_back(
                {{answers_of(row, finished), static_cast<std::uint32_t>(row[kTrueClass])},
                 task,
                 phase});
            most_class = std::max({most_class, row[kLocalClass], row[kEdgeClass], row[kTrueClass]});
        }
        forget_opinions_of_canary(trace);
        add_notes(trace);
        trace.classes = static_cast<std::uint32_t>(most_class + 1);
        trace.tasks = static_cast<std::uint32_t>(tasks_.size());
        return trace;
    }

    // A rho of signals that the trace does not carry would be taken for one of bare disagreement.
    static void forget_opinions_of_canary(Trace& trace) {
        const auto is_bare = [](const TraceRow& row) {
            return !row.answers.opinion && !row.answers.finished_signal;
        };
        if (std::ranges::all_of(trace.rows, is_bare)) {
            for (CanaryRow& row : trace.canary) {
                row.sample.answers.opinion.reset();
                row.sample.answers.finished_signal.reset();
            }
        }
    }

    void add_notes(Trace& trace) {
        trace.canary_unused = canaries_.unused;
        trace.notes = std::move(notes_);
        std::ranges::move(canaries_.notes, std::back_inserter(trace.notes));
        const bool tells_gains = std::ranges::any_of(
            table_.rows, [](const TableRow& row) { return row[kEdgeGain] != kCsvEmpty; });
        if (!tells_gains && trace.canary.empty()) {
            trace.notes.emplace_back(
                "neither trace, extra nor canary tells what the edge gains: a disagreement counts "
                "as 1, as if the edge were always right");
        }
    }

    const TraceFiles& files_;
    CsvLabels labels_;
    TraceTable table_;
    std::optional<ExtraColumns> extra_;
    LabelNumbers phases_;
    LabelNumbers tasks_;
    PlacedCanaries canaries_;
    std::vector<std::string> notes_;
};

}  // namespace

Result<Trace> parse_trace(const TraceFiles& files) {
    return Reader(files).read();
}

}  // namespace frugal::policy
