// SPDX-License-Identifier: Apache-2.0
#include "policy/replay/canary_place.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>

namespace frugal::policy {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kNearly_percent = 90;  // of a file: so near to a match is worth a word

using SeqIndex = std::unordered_map<std::int64_t, std::size_t>;

bool same_answers(const TableRow& one, const TableRow& other) {
    const auto same = [&](TraceColumn column) { return one[column] == other[column]; };
    return same(kLocalClass) && same(kConfidence) && same(kEdgeClass) && same(kTrueClass);
}

/// One kind of label ("task", "phase"): what each of the canary's is in the trace.
class LabelPlace {
public:
    /// `may_rename`: a label the trace does not know may stand for the only one that it has.
    LabelPlace(TraceColumn column, const CanaryPlan& plan, const LabelNumbers& known,
               bool may_rename)
        : column_(column), plan_(plan), known_(known), may_rename_(may_rename) {}

    /// Before any number(): the first that is known, else the first of all, stands for the only
    /// one.
    void look_at(const TableRow& row) {
        const std::int64_t label = row[column_];
        has_known_ = has_known_ || known_.contains(label);
        if (!first_ && label != kCsvEmpty) {
            first_ = label;
        }
    }

    bool is_renamed() const { return known_.size() == 1 && may_rename_ && !has_known_ && first_; }

    std::string note() const {
        const std::int64_t only = known_.begin()->first;
        const std::string name = column_ == kPhase ? "phase" : "task";
        const std::string trace = only == kCsvEmpty ? fmt::format("the trace tells no {}", name)
                                                    : fmt::format("the trace's only {} is \"{}\"",
                                                                  name, plan_.labels.text(only));
        return fmt::format("{}: the canary's \"{}\" is taken for it", trace,
                           plan_.labels.text(*first_));
    }

    /// Absent: not used. kInvalidInput.
    Result<std::optional<std::uint32_t>> number(const TraceTable& file, std::size_t row) const {
        const std::int64_t label = file.rows[row][column_];
        const auto found = known_.find(label);
        if (found != known_.end()) {
            return found->second;
        }
        if (known_.size() == 1 && label == kCsvEmpty) {
            return known_.begin()->second;
        }
        if (known_.size() == 1 && may_rename_) {
            return is_renamed() && label == *first_ ? std::optional(known_.begin()->second)
                                                    : std::nullopt;
        }
        return refuse(file, row, label);
    }

private:
    tl::unexpected<base::Error> refuse(const TraceTable& file, std::size_t row,
                                       std::int64_t label) const {
        const std::string name = column_ == kPhase ? "phase" : "task";
        const std::string what = label == kCsvEmpty
                                     ? fmt::format("no {}", name)
                                     : fmt::format("the {} \"{}\" is none of the trace's", name,
                                                   plan_.labels.text(label));
        std::string has;
        for (const auto& [one, number] : known_) {
            if (number < 8) {
                has += fmt::format("{}\"{}\"", has.empty() ? "" : ", ", plan_.labels.text(one));
            }
        }
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("{}:{}:1: {}", file.origin, file.lines[row], what),
                    fmt::format("{} has {}", plan_.trace.origin, has),
                    fmt::format("Name the {}s alike in all files, or remove the rows.", name));
    }

    TraceColumn column_;
    const CanaryPlan& plan_;
    const LabelNumbers& known_;
    bool may_rename_;
    bool has_known_ = false;
    std::optional<std::int64_t> first_;
};

class Placer {
public:
    explicit Placer(const CanaryPlan& plan) : plan_(plan) {
        if (plan.extra != nullptr) {
            for (std::size_t i = 0; i < plan.trace.rows.size(); ++i) {
                by_seq_.emplace(plan.trace.rows[i][kSeq], i);
            }
        }
    }

    Result<PlacedCanaries> place(std::vector<TraceTable>&& canaries) {
        std::vector<TraceTable> files = std::move(canaries);
        std::int64_t silent = 0;
        for (TraceTable& file : files) {
            if (auto told = tell_phases(file, silent); !told) {
                return tl::unexpected(told.error());
            }
        }
        const bool tells_task = !plan_.tasks.contains(kCsvEmpty);
        LabelPlace tasks(kTask, plan_, plan_.tasks, !tells_task);
        LabelPlace phases(kPhase, plan_, plan_.phases, true);
        for (const TraceTable& file : files) {
            for (const TableRow& row : file.rows) {
                tasks.look_at(row);
                phases.look_at(row);
            }
        }
        for (const TraceTable& file : files) {
            if (auto placed = place_file(file, tasks, phases); !placed) {
                return tl::unexpected(placed.error());
            }
        }
        for (const LabelPlace* place : {&tasks, &phases}) {
            if (place->is_renamed()) {
                placed_.notes.push_back(place->note());
            }
        }
        if (placed_.unused > 0) {
            placed_.notes.push_back(fmt::format(
                "{} canary samples are not used: they are of a phase or task beside the trace's "
                "only one",
                placed_.unused));
        }
        return std::move(placed_);
    }

private:
    // The n-th file that says nothing of phases is of the n-th phase.
    Result<void> tell_phases(TraceTable& file, std::int64_t& silent) {
        join_extra(file);
        const auto told = std::ranges::find_if(
            file.rows, [](const TableRow& row) { return row[kPhase] != kCsvEmpty; });
        if (told != file.rows.end()) {
            fill_phases(file, (*told)[kPhase]);
            return {};
        }
        const auto phase = std::ranges::find_if(
            plan_.phases, [silent](const auto& one) { return one.second == silent; });
        if (phase == plan_.phases.end()) {
            return fail(ErrorKind::kInvalidInput,
                        file.origin + ": the trace has no phase for this canary",
                        fmt::format("{} tells {} phases, and as many canaries that tell none came "
                                    "before",
                                    plan_.trace.origin, plan_.phases.size()),
                        "Leave it out, or give the canaries a phase column.");
        }
        fill_phases(file, phase->first);
        ++silent;
        return {};
    }

    // A canary may have its extra columns in the extra file: under seqs the trace does not use, or
    // under those of the very tasks it was taken from. One row like another proves nothing, so all
    // must be told.
    void join_extra(TraceTable& file) {
        if (plan_.extra == nullptr) {
            return;
        }
        const auto is_told = [this](const TableRow& row) {
            const auto task = by_seq_.find(row[kSeq]);
            return row[kSeq] != kCsvEmpty && plan_.extra->knows(row[kSeq]) &&
                   (task == by_seq_.end() || same_answers(row, plan_.trace.rows[task->second]));
        };
        const auto told = static_cast<std::size_t>(std::ranges::count_if(file.rows, is_told));
        if (told == file.rows.size()) {
            for (TableRow& row : file.rows) {
                plan_.extra->fill(row);
            }
        } else if (told * 100 > file.rows.size() * kNearly_percent) {
            placed_.notes.push_back(
                fmt::format("{}: {} tells {} of the {} rows, not all, so "
                            "nothing is taken from there",
                            file.origin, plan_.extra->origin(), told, file.rows.size()));
        }
    }

    Result<void> place_file(const TraceTable& file, const LabelPlace& tasks,
                            const LabelPlace& phases) {
        for (std::size_t i = 0; i < file.rows.size(); ++i) {
            const auto task = tasks.number(file, i);
            const auto phase = phases.number(file, i);
            if (!task || !phase) {
                return tl::unexpected(!task ? task.error() : phase.error());
            }
            if (*task && *phase) {
                placed_.rows.push_back({file.rows[i], **task, **phase});
            } else {
                ++placed_.unused;
            }
        }
        return {};
    }

    const CanaryPlan& plan_;
    SeqIndex by_seq_;  ///< rows of the trace; empty without extra
    PlacedCanaries placed_;
};

}  // namespace

Result<PlacedCanaries> place_canaries(const CanaryPlan& plan, std::vector<TraceTable>&& canaries) {
    return Placer(plan).place(std::move(canaries));
}

}  // namespace frugal::policy
