// SPDX-License-Identifier: Apache-2.0
#include "app/what_if_run.hpp"

#include <algorithm>
#include <chrono>

namespace frugal::app {

namespace {

constexpr double kWholeQ8 = 256;

/// What the decisions of the time cost on the devices.
struct Ledger {
    double local_uj = 0;
    double edge_uj = 0;
    double local = 0;
    double edge = 0;
    double late = 0;
};

bool is_of_class(const std::string& wanted, const std::vector<std::string>& classes,
                 std::size_t device) {
    return wanted == "any" || (device < classes.size() && classes[device] == wanted);
}

float gain_of(const core::ObservationRecord& record, const WhatIfPart& part) {
    policy::Answers answers;
    answers.local_class = record.local_class;
    answers.edge_class = record.edge_class;
    answers.confidence_q8 = record.local_confidence;
    answers.opinion =
        policy::EdgeOpinion{record.edge_chance / kWholeQ8, record.local_chance / kWholeQ8};
    return static_cast<float>(part.terms.rho *
                              policy::gain_signal(answers, part.terms.temperature, part.classes));
}

/// Escalated tasks first, with the gateway's price and load of their time; a task that stayed local
/// gets those of the next answered one before it.
std::vector<policy::WhatIfContext> contexts_of(const WhatIfPart& part, const WhatIfRecords& records,
                                               Ledger& ledger) {
    std::vector<policy::WhatIfContext> contexts;
    for (const auto& record : records.observations) {
        if (is_of_class(part.device_class, records.device_classes, core::index_of(record.device)) &&
            record.is_in_time) {
            contexts.push_back({record.local_confidence,
                                static_cast<std::uint8_t>(record.local_class), record.price,
                                record.load, true, record.propensity_q8, gain_of(record, part)});
        }
    }
    std::size_t nearest = 0;
    const auto& observations = records.observations;
    for (const auto& decision : records.decisions) {
        if (!is_of_class(part.device_class, records.device_classes, decision.device)) {
            continue;
        }
        const bool is_local =
            decision.outcome / 16 == static_cast<std::uint8_t>(core::Tier::kLocal);
        const auto reason = static_cast<core::PolicyReason>(decision.outcome % 16);
        (is_local ? ledger.local_uj : ledger.edge_uj) += decision.energy_uj;
        (is_local ? ledger.local : ledger.edge) += 1;
        ledger.late += reason == core::PolicyReason::kLate ? 1 : 0;
        if (!is_local) {
            continue;
        }
        while (nearest < observations.size() &&
               observations[nearest].at.unix_ms > decision.received_at.unix_ms) {
            ++nearest;
        }
        const bool is_known = nearest < observations.size();
        contexts.push_back({decision.confidence, decision.class_id,
                            is_known ? observations[nearest].price : std::uint8_t{0},
                            is_known ? observations[nearest].load : std::uint8_t{0}, false, 0, 0});
    }
    return contexts;
}

}  // namespace

wire::SimulationView run_what_if(const WhatIfPart& part, const WhatIfRecords& records) {
    Ledger ledger;
    const auto contexts = contexts_of(part, records, ledger);
    const auto begin = std::chrono::steady_clock::now();
    const auto answer = policy::what_if({part.compiled, part.task, part.payload_bytes}, contexts);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    wire::SimulationView view;
    view.device_class = part.device_class;
    view.tasks = answer.tasks;
    view.hours = part.hours;
    const double tasks_per_hour = static_cast<double>(answer.tasks) / part.hours;
    view.escalated_share = answer.escalated_share;
    view.recorded_share = answer.recorded_share;
    view.escalations_per_hour = answer.escalated_share * tasks_per_hour;
    view.recorded_escalations_per_hour = answer.recorded_share * tasks_per_hour;
    view.cost_per_task = answer.cost_per_task;
    view.cost_low = answer.cost_per_task - answer.cost_half_interval;
    view.cost_high = answer.cost_per_task + answer.cost_half_interval;
    view.recorded_cost_per_task = answer.recorded_cost_per_task;
    if (ledger.local > 0 && ledger.edge > 0) {
        const double local = ledger.local_uj / ledger.local;
        const double edge = ledger.edge_uj / ledger.edge;
        view.energy_uj_per_task = local + answer.escalated_share * (edge - local);
        view.recorded_energy_uj_per_task = local + answer.recorded_share * (edge - local);
    }
    const double asked = ledger.edge + ledger.late;
    const double missed = asked > 0 ? ledger.late / asked : 0;
    view.deadline_misses_per_hour = view.escalations_per_hour * missed;
    view.recorded_deadline_misses_per_hour = ledger.late / part.hours;
    view.decisions_per_second = seconds > 0 ? static_cast<double>(answer.tasks) / seconds : 0;
    return view;
}

}  // namespace frugal::app
