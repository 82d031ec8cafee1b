// SPDX-License-Identifier: Apache-2.0
// Private to this folder: which task and phase of a trace the rows of its canaries belong to, as
// docs/reference/policy-replay.md states it. Decided for whole files, never dropped in silence: a
// row is used, counted as not used, or an error. Pure function, any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "policy/replay/trace_table.hpp"

namespace frugal::policy {

/// Numbers of the trace's labels, in order of appearance; kCsvEmpty where it tells none.
using LabelNumbers = std::map<std::int64_t, std::uint32_t>;

struct PlacedRow {
    TableRow row{};
    std::uint32_t task = 0;
    std::uint32_t phase = 0;
};

struct PlacedCanaries {
    std::vector<PlacedRow> rows;
    std::size_t unused = 0;          ///< of tasks or phases beside the only one of the trace
    std::vector<std::string> notes;  ///< what was taken for what, for people
};

/// What the canaries are placed by. All outlive the call.
struct CanaryPlan {
    const TraceTable& trace;
    const ExtraColumns* extra;  ///< null: none
    const LabelNumbers& tasks;
    const LabelNumbers& phases;
    const CsvLabels& labels;
};

/// kInvalidInput: a task or phase the trace does not have.
base::Result<PlacedCanaries> place_canaries(const CanaryPlan& plan,
                                            std::vector<TraceTable>&& canaries);

}  // namespace frugal::policy
