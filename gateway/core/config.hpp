// SPDX-License-Identifier: Apache-2.0
// Every limit and time of the core in one place, with its default. Plain value, fixed for the life
// of a Core. Wire limits are in frugal/limits.h.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "core/offload/cloud_config.hpp"

namespace frugal::core {

struct FleetConfig {
    std::uint32_t device_limit = 100'000;
    std::uint32_t label_bytes = 128;
    std::uint32_t claim_attempts = 5;
    base::Duration claim_time_to_live_max = std::chrono::hours(24 * 30);
    base::Duration silence = std::chrono::seconds(180);       ///< then a device is no longer online
    base::Duration probe_interval = std::chrono::seconds(5);  ///< at most one probe a device
    std::uint32_t incidents_per_device = 64;                  ///< rows; then only counted
    std::uint32_t log_lines_per_second = 20;
};

struct EnergyConfig {
    base::Duration write_interval = std::chrono::minutes(10);  ///< of one device's account
};

struct IntakeConfig {
    std::uint32_t streams_per_device = 16;
    std::uint32_t gaps_per_stream = 1024;  ///< rows; then only the sum of lost decisions grows
};

/// What one inference of a task may cost on devices of a class, by the owner's word.
struct EnergyBudget {
    std::optional<std::uint32_t> task{};         ///< absent: every task
    base::ClassName device_class;                ///< "any": every class without a line of its own
    std::optional<std::uint32_t> budget_uj{};    ///< absent: only the constant below is stated
    std::uint32_t picojoules_per_operation = 0;  ///< a multiply-accumulate; 0: the class's estimate
};

struct RolloutConfig {
    std::uint32_t offers_per_second = 500;
    base::Duration offer_retry = std::chrono::seconds(30);  ///< doubles up to the maximum
    base::Duration offer_retry_max = std::chrono::minutes(15);
    base::Duration patience = std::chrono::hours(24);  ///< without a word: unreachable
    std::uint32_t rollout_limit = 10'000;
    std::uint32_t release_limit = 10'000;
    std::vector<EnergyBudget> energy_budgets{};
};

struct TransferConfig {
    std::uint64_t bytes_per_second = 8 * 1024 * 1024;
    std::uint64_t burst_bytes = 256 * 1024;
    base::Duration gather = std::chrono::milliseconds(20);
    std::uint32_t shared_devices = 3;  ///< so many want a block: it goes once for all
    base::Duration shared_settle =
        std::chrono::milliseconds(400);   ///< see TransferDesk::on_its_way
    std::uint32_t message_overhead = 64;  ///< bytes a chunk costs beside its block
};

struct OffloadConfig {
    std::uint32_t queue_limit = 256;
    std::uint64_t queue_bytes = 1024 * 1024;  ///< of inputs, waiting or running
    std::uint32_t workers = 1;                ///< batches in the world's hands at once
    std::uint32_t batch_max = 8;              ///< tasks in one batch; at most 32
    std::uint32_t per_device = 4;             ///< waiting
    bool groups_by_label = false;             ///< instead of by device class
    std::uint32_t remembered = 1024;          ///< verdicts kept for those who ask again
    base::Duration first_service_time = std::chrono::milliseconds(5);
    base::Duration return_allowance = std::chrono::milliseconds(5);
    base::Duration deadline_max = std::chrono::seconds(60);
    base::Duration load_sojourn = std::chrono::milliseconds(20);  ///< p95 at half load
    /// CoDel: a task should wait no longer than this, nor than an eighth of its time.
    base::Duration sojourn_target = std::chrono::milliseconds(5);
    base::Duration sojourn_interval = std::chrono::milliseconds(100);
    base::Duration share_quantum = std::chrono::milliseconds(20);  ///< engine time of a round
    base::Duration hang_after = std::chrono::seconds(5);           ///< a batch without an answer
    std::uint32_t down_failures = 5;  ///< in a row: the edge model is down
    base::Duration down_pause = std::chrono::seconds(1);
    base::Duration down_pause_max = std::chrono::seconds(5);
    /// An idle desk whose estimate forbids a task tries it nevertheless, once in this time.
    base::Duration probe_interval = std::chrono::seconds(1);
};

struct PolicyConfig {
    std::uint32_t versions_per_task = 200;  ///< then learned ones go first, then the oldest
    std::uint32_t text_bytes = 16 * 1024;
    std::uint32_t comment_bytes = 256;
    /// A staged policy halts when it does worse than its baseline: above so many percent of the
    /// baseline's rate, plus the slack in 1/10000 of the decisions; with so many decisions a side.
    std::uint32_t compared_decisions = 256;
    std::uint32_t late_percent = 150;
    std::uint32_t escalations_percent = 200;
    std::uint32_t energy_percent = 150;
    std::uint32_t slack_permyriad = 200;
};

struct TickConfig {
    std::uint32_t batch_rows = 4096;       ///< then decisions wait for the next batch
    std::uint32_t parked_messages = 8192;  ///< so many wait; the rest is turned away unacknowledged
};

struct CoreConfig {
    FleetConfig fleet;
    EnergyConfig energy;
    IntakeConfig intake;
    RolloutConfig rollout;
    TransferConfig transfer;
    OffloadConfig offload;
    CloudConfig cloud;
    PolicyConfig policy;
    TickConfig tick;
};

}  // namespace frugal::core
