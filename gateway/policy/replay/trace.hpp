// SPDX-License-Identifier: Apache-2.0
// A recorded stream of tasks with both models' answers and the truth, and the labelled canaries of
// the pairs in it: what policies are replayed on. Plain values; parsing is pure, any thread. Holds
// classes and confidences, never inputs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/learn/canary.hpp"
#include "policy/replay/csv.hpp"

namespace frugal::policy {

struct TraceRow {
    Answers answers;
    std::uint32_t true_class = 0;
    std::uint32_t task = 0;   ///< 0, 1, ... in order of appearance
    std::uint32_t phase = 0;  ///< likewise; a new phase may be a new pair of models
    std::uint8_t margin_q8 = 0;
    std::optional<std::uint8_t> entropy_confidence_q8;  ///< 1 - entropy / log(classes)
};

struct CanaryRow {
    CanarySample sample;
    std::uint32_t task = 0;
    std::uint32_t phase = 0;
};

struct Trace {
    std::vector<TraceRow> rows;
    std::vector<CanaryRow> canary;   ///< those that are used
    std::size_t canary_unused = 0;   ///< of phases or tasks beside the trace's only one
    std::vector<std::string> notes;  ///< for people: what was assumed where the files say nothing
    std::uint32_t classes = 2;
    std::uint32_t tasks = 1;  ///< different ones
    bool has_margins = false;
    bool has_entropy = false;
};

struct TraceFiles {
    CsvText trace;
    std::optional<CsvText> extra;  ///< phase and edge confidences, joined by seq
    std::vector<CsvText> canaries;
};

/// Columns and rules: docs/reference/policy-replay.md. kInvalidInput (file:line:column), kLimit.
base::Result<Trace> parse_trace(const TraceFiles& files);

}  // namespace frugal::policy
