// SPDX-License-Identifier: Apache-2.0
// What a run of the desk world is: who asks how often, what the engines take, which faults happen.
// A plain value, made from a seed or by a bench.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.hpp"

namespace frugal::simulation {

struct DeskOptions {
    std::uint64_t seed = 0;
    std::uint32_t groups = 1;
    std::uint32_t devices_per_group = 8;
    std::uint32_t workers = 1;
    std::uint32_t batch_max = 8;
    double load = 1.0;              ///< asked for, over what the engines can do one by one
    base::Duration engine_base{0};  ///< of a batch
    base::Duration engine_each{0};  ///< of a task in it
    base::Duration deadline_min{0};
    base::Duration deadline_max{0};
    base::Duration way_max{0};  ///< between device and gateway, each way
    double audits = 0;          ///< part of the escalations
    double greed = 1;           ///< so many times the others' rate: device 0
    bool obeys_price = false;   ///< devices weigh the price; otherwise they ask regardless
    std::uint32_t share_permille = 0;
    bool has_blind = false;   ///< device 0 asks always, whatever it is told
    std::uint32_t tasks = 1;  ///< a device has one; the second is urgent, the third background
    double loss = 0;          ///< of escalations, and of verdicts
    base::Duration length = std::chrono::seconds(20);

    // Faults
    bool has_slow_engine = false;
    bool has_failing_engine = false;
    bool has_hung_engine = false;
    bool has_kill = false;

    bool has_engine_faults() const {
        return has_slow_engine || has_failing_engine || has_hung_engine;
    }
    bool has_faults() const { return has_engine_faults() || has_kill; }
};

DeskOptions desk_options_of_seed(std::uint64_t seed);
std::string describe(const DeskOptions& options);

}  // namespace frugal::simulation
