// SPDX-License-Identifier: Apache-2.0
#include "app/what_if_run.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>

#include "policy/learn/registration_state.hpp"

namespace frugal::app {

namespace {

constexpr double kWholeQ8 = 256;
constexpr double kHour_ms = 3'600'000;

/// What the decisions of the time cost on the devices.
struct Ledger {
    double energy_uj = 0;
    double local = 0;
    double edge = 0;
    double late = 0;
    double busy = 0;
    std::set<std::size_t> devices;
    std::uint64_t of_other_models = 0;
};

bool is_of_class(const std::string& wanted, const std::vector<std::string>& classes,
                 std::size_t device) {
    return wanted == "any" || (device < classes.size() && classes[device] == wanted);
}

float signal_of(const core::ObservationRecord& record, const WhatIfPart& part) {
    policy::Answers answers;
    answers.local_class = record.local_class;
    answers.edge_class = record.edge_class;
    answers.confidence_q8 = record.local_confidence;
    answers.opinion =
        policy::EdgeOpinion{record.edge_chance / kWholeQ8, record.local_chance / kWholeQ8};
    return static_cast<float>(policy::gain_signal(answers, part.terms.temperature, part.classes));
}

/// The time that records cover, cut into stretches: what one device meets in one of them may be
/// alike, and is one block of the estimate.
class Cover {
public:
    void add(base::WallTime at) {
        oldest_ms_ = std::min(oldest_ms_, at.unix_ms);
        newest_ms_ = std::max(newest_ms_, at.unix_ms);
    }
    double hours() const {
        return newest_ms_ > oldest_ms_ ? static_cast<double>(newest_ms_ - oldest_ms_) / kHour_ms
                                       : 0;
    }
    /// A small number of its own.
    std::uint32_t number(std::size_t device) {
        return devices_.try_emplace(device, static_cast<std::uint32_t>(devices_.size()))
            .first->second;
    }
    std::uint32_t block(std::size_t device, base::WallTime at) {
        const std::int64_t span = newest_ms_ - oldest_ms_ + 1;
        const auto stretch = (at.unix_ms - oldest_ms_) * kStretches / span;
        return number(device) * kStretches + static_cast<std::uint32_t>(stretch);
    }

private:
    static constexpr std::uint32_t kStretches = 32;
    std::int64_t oldest_ms_ = INT64_MAX;
    std::int64_t newest_ms_ = INT64_MIN;
    std::map<std::size_t, std::uint32_t> devices_;
};

Cover cover_of(const WhatIfPart& part, const WhatIfRecords& records) {
    Cover cover;
    for (const auto& record : records.observations) {
        if (is_of_class(part.device_class, records.device_classes, core::index_of(record.device))) {
            cover.add(record.at);
        }
    }
    for (const auto& decision : records.decisions) {
        if (is_of_class(part.device_class, records.device_classes, decision.device)) {
            cover.add(decision.received_at);
        }
    }
    return cover;
}

/// Gives the decisions of each batch of a device, newest first, times of their own: evenly from the
/// batch before on. Nothing says when the oldest batch of a device began.
class Spread {
public:
    void add(policy::WhatIfContext& context) {
        if (context.device >= batches_.size()) {
            batches_.resize(context.device + 1);
        }
        auto& batch = batches_[context.device];
        if (!batch.empty() && batch.back()->at_ms != context.at_ms) {
            spread(batch, context.at_ms);
        }
        batch.push_back(&context);
    }

private:
    static void spread(std::vector<policy::WhatIfContext*>& batch, std::int64_t before_ms) {
        const std::int64_t since_ms = std::max<std::int64_t>(0, batch.front()->at_ms - before_ms);
        const auto count = static_cast<std::int64_t>(batch.size());
        for (std::int64_t i = 0; i < count; ++i) {
            batch[static_cast<std::size_t>(i)]->at_ms -= since_ms * i / count;
        }
        batch.clear();
    }

    std::vector<std::vector<policy::WhatIfContext*>> batches_;
};

void put_in_order(std::vector<policy::WhatIfContext>& contexts) {
    Spread spread;
    for (auto& context : contexts) {
        if (!context.is_sent) {
            spread.add(context);
        }
    }
    std::ranges::stable_sort(contexts, {}, &policy::WhatIfContext::at_ms);
}

/// In the order of time. Escalated tasks have the gateway's price and load of their time; a task
/// that stayed local gets those of the next answered one before it.
std::vector<policy::WhatIfContext> contexts_of(const WhatIfPart& part, const WhatIfRecords& records,
                                               Cover& cover, Ledger& ledger) {
    const auto is_other = [&part](std::uint32_t release) {
        return std::ranges::find(part.releases, release) == part.releases.end();
    };
    std::vector<policy::WhatIfContext> contexts;
    for (const auto& record : records.observations) {
        const auto device = core::index_of(record.device);
        if (is_of_class(part.device_class, records.device_classes, device) && record.is_in_time) {
            ledger.of_other_models += is_other(record.release) ? 1 : 0;
            contexts.push_back(
                {record.local_confidence, static_cast<std::uint8_t>(record.local_class),
                 record.price, record.load, true, record.propensity_q8, signal_of(record, part),
                 cover.block(device, record.at), cover.number(device), record.at.unix_ms});
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
        ledger.energy_uj += decision.energy_uj;
        ledger.devices.insert(decision.device);
        (is_local ? ledger.local : ledger.edge) += 1;
        ledger.late += reason == core::PolicyReason::kLate ? 1 : 0;
        ledger.busy += reason == core::PolicyReason::kBusyRetry ? 1 : 0;
        if (!is_local) {
            continue;
        }
        while (nearest < observations.size() &&
               observations[nearest].at.unix_ms > decision.received_at.unix_ms) {
            ++nearest;
        }
        const bool is_known = nearest < observations.size();
        ledger.of_other_models += is_other(decision.release) ? 1 : 0;
        contexts.push_back({decision.confidence, decision.class_id,
                            is_known ? observations[nearest].price : std::uint8_t{0},
                            is_known ? observations[nearest].load : std::uint8_t{0}, false, 0, 0,
                            cover.block(decision.device, decision.received_at),
                            cover.number(decision.device), decision.received_at.unix_ms});
    }
    put_in_order(contexts);
    return contexts;
}

/// Figures by the hour, where records cover any time at all.
void add_rates(wire::SimulationView& view, const Ledger& ledger) {
    if (view.covered_hours <= 0) {
        return;
    }
    const double tasks_per_hour = static_cast<double>(view.tasks) / view.covered_hours;
    const double asked = ledger.edge + ledger.late;
    const double missed = asked > 0 ? ledger.late / asked : 0;
    view.escalations_per_hour = view.escalated_share * tasks_per_hour;
    view.recorded_escalations_per_hour = view.recorded_share * tasks_per_hour;
    view.deadline_misses_per_hour = *view.escalations_per_hour * missed;
    view.recorded_deadline_misses_per_hour = ledger.late / view.covered_hours;
}

/// Of one escalation of the task, by the bytes of its input; absent where no account tells.
std::optional<double> escalation_uj(const WhatIfPart& part, const WhatIfRecords& records,
                                    const Ledger& ledger) {
    double energy_uj = 0;
    double bytes = 0;
    for (const std::size_t device : ledger.devices) {
        if (device < records.accounts.size()) {
            energy_uj += static_cast<double>(records.accounts[device].energy_uj);
            bytes += static_cast<double>(records.accounts[device].input_bytes);
        }
    }
    return energy_uj > 0 && bytes > 0 && part.payload_bytes > 0
               ? std::optional(energy_uj * part.payload_bytes / bytes)
               : std::nullopt;
}

void add_energy(wire::SimulationView& view, const Ledger& ledger,
                std::optional<double> escalation_uj) {
    const double decisions = ledger.local + ledger.edge;
    if (ledger.energy_uj <= 0) {
        return;  // none of these devices meters or estimates
    }
    const double recorded = ledger.energy_uj / decisions;
    const double asked = (ledger.edge + ledger.late + ledger.busy) / decisions;
    view.recorded_energy_uj_per_task = recorded;
    // Accounts and records that contradict each other tell nothing.
    if (escalation_uj && recorded >= asked * *escalation_uj) {
        view.energy_uj_per_task = recorded + (view.escalated_share - asked) * *escalation_uj;
    }
}

}  // namespace

void take_canaries(WhatIfPart& part, const std::vector<core::CanaryRecord>& canaries) {
    const auto sent = std::ranges::find_if(canaries, [&part](const core::CanaryRecord& record) {
        return record.task == part.task && record.model == part.model &&
               record.edge_model == part.edge;
    });
    const auto registration =
        sent == canaries.end() ? std::nullopt : policy::read_registration(sent->state);
    if (registration) {
        part.terms.temperature = registration->temperature;
        part.terms.rho = registration->rho;
        part.terms.samples = registration->samples;
    } else if (!policy::is_measured_for(part.terms, part.model, part.edge)) {
        part.terms.temperature = 1;
        part.terms.rho = 1;
        part.terms.samples = 0;
    }
}

wire::SimulationView run_what_if(const WhatIfPart& part, const WhatIfRecords& records) {
    Ledger ledger;
    Cover cover = cover_of(part, records);
    const auto contexts = contexts_of(part, records, cover, ledger);
    const auto begin = std::chrono::steady_clock::now();
    const auto answer = policy::what_if({part.compiled, part.task, part.payload_bytes,
                                         part.terms.rho, part.terms.samples, part.share_permille},
                                        contexts);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    wire::SimulationView view;
    view.device_class = part.device_class;
    view.tasks = answer.tasks;
    view.hours = part.hours;
    view.covered_hours = cover.hours();
    view.escalated_share = answer.escalated_share;
    view.recorded_share = answer.recorded_share;
    view.cost_per_task = answer.cost_per_task;
    view.cost_low = answer.cost_per_task - answer.cost_half_interval;
    view.cost_high = answer.cost_per_task + answer.cost_half_interval;
    view.tasks_of_other_models = ledger.of_other_models;
    view.recorded_cost_per_task = answer.recorded_cost_per_task;
    view.rho = part.terms.rho;
    view.rho_low = part.terms.rho - answer.rho_half_interval;
    view.rho_high = part.terms.rho + answer.rho_half_interval;
    view.rho_samples = part.terms.samples;
    add_rates(view, ledger);
    add_energy(view, ledger, escalation_uj(part, records, ledger));
    view.decisions_per_second = seconds > 0 ? static_cast<double>(answer.tasks) / seconds : 0;
    return view;
}

}  // namespace frugal::app
