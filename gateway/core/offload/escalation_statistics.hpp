// SPDX-License-Identifier: Apache-2.0
// What the escalation desk tells of itself. Plain values.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "core/offload/cloud_statistics.hpp"
#include "core/priority.hpp"

namespace frugal::core {

/// Why an escalation was answered with BUSY.
enum class BusyCause : std::uint8_t {
    kNoTime,    ///< an answer would come too late, or make another's come too late
    kFull,      ///< queue or bytes at their limit
    kShare,     ///< others' turn
    kStanding,  ///< the queue stands: only what hardly has to wait is taken
    kBudget,    ///< the group is beyond its share of escalations
    kEdgeDown,  ///< the edge model fails or hangs
};
inline constexpr std::size_t kBusyCauses = 6;
std::string_view to_string(BusyCause cause);  ///< "no-time"

/// Measured times of batches of more than half of `size` and at most `size` tasks.
struct BatchView {
    std::uint32_t task = 0;
    std::uint32_t size = 0;
    std::uint64_t batches = 0;
    base::Duration p50{0};
    base::Duration p99{0};
    std::uint32_t best_size = 0;  ///< of the task: worth filling
};

struct BudgetView {
    std::uint32_t task = 0;
    std::string group{};
    std::uint64_t escalated = 0;
    std::uint64_t decisions = 0;
    std::uint8_t price = 0;  ///< q8
};

struct EscalationStatistics {
    std::uint64_t received = 0;
    std::uint64_t admitted = 0;  ///< promised an answer
    std::uint64_t answered = 0;
    std::uint64_t withdrawn = 0;  ///< promised, then told BUSY, or its device was taken out
    std::uint64_t busy = 0;       ///< turned away at the door, or shed for a better one
    std::array<std::uint64_t, kBusyCauses> busy_causes{};
    std::uint64_t audits_shed = 0;    ///< admitted, then told BUSY for something better
    std::uint64_t refused = 0;        ///< no edge model, private task, wrong size
    std::uint64_t expired = 0;        ///< deadline passed, in the queue or in an engine
    std::uint64_t duplicates = 0;     ///< asked again; answered from memory or already queued
    std::uint64_t failed = 0;         ///< the engine failed
    std::uint64_t disagreements = 0;  ///< edge class differs from the device's
    std::uint64_t audits = 0;
    std::uint64_t hung = 0;     ///< batches that did not come back in time
    std::uint64_t batches = 0;  ///< given to the engines
    std::uint32_t largest_batch = 0;
    std::uint32_t queued = 0;
    std::array<std::uint32_t, kPriorities> queued_by_priority{};
    std::uint32_t running = 0;
    std::uint64_t queued_bytes = 0;                          ///< waiting and running
    base::Duration sojourn_p95{0};                           ///< lately, from arrival to an engine
    bool is_standing = false;                                ///< see SojournGuard
    std::uint8_t load = 0;                                   ///< q8
    std::uint8_t price = 0;                                  ///< q8
    std::map<std::uint32_t, base::Duration> service_time{};  ///< estimate by task
    std::vector<BatchView> batch_sizes{};
    std::vector<BudgetView> budgets{};  ///< of tasks with a group share
    CloudStatistics cloud{};
};

}  // namespace frugal::core
