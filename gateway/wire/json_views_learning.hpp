// SPDX-License-Identifier: Apache-2.0
// What the learner knows and what a what-if found, as JSON texts (proto/openapi.yaml names every
// key). Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/audience.hpp"
#include "base/bytes.hpp"

namespace frugal::wire {

/// One gain table of a policy that learns.
struct LearnedGroupView {
    std::vector<std::uint32_t> classes{};  ///< that take it
    std::vector<std::uint8_t> table{};     ///< q8
};

/// One cell of GET /api/v1/policies/learned.
struct LearnedCellView {
    std::uint32_t task = 0;
    std::string device_class;
    base::Digest model{};
    base::Digest edge_model{};
    std::string mode{};
    std::uint32_t policy = 0;  ///< id in force on its devices
    double tasks = 0;
    double answered = 0;                      ///< since the start of the daemon
    std::vector<std::uint8_t> table{};        ///< q8, as learned of all classes, before any bounds
    std::vector<LearnedGroupView> offered{};  ///< what devices should hold in the end
    std::vector<LearnedGroupView> pushed{};   ///< what they hold
    std::vector<double> evidence{};           ///< samples behind each bin, fading
    std::uint8_t audit_q8 = 0;
    std::uint32_t alarms = 0;
    std::uint32_t probes = 0;
    bool is_alarmed = false;
    std::uint32_t doubted_devices = 0;
    base::Audience audience{};  ///< of the class; not all of it: an override
    std::string release{};      ///< "fashion@2": the newest that has the model; empty: none
    bool is_served = false;     ///< the edge model is the one that answers now
    std::optional<std::int64_t> idle_s{};  ///< since a device of it decided; absent: not yet
};
std::string learned_json(const std::vector<LearnedCellView>& cells);

/// What people should know of what was done: {"note": ...}.
std::string note_json(const std::string& note);

/// One device class of PUT /api/v1/tasks/{task}/canary. Shares are of the samples, 0..1.
struct MeasuredPairView {
    std::string device_class;
    base::Digest model{};
    std::size_t samples = 0;
    double local_right = 0;
    double edge_right = 0;
    std::optional<double> before_right{};  ///< of the edge model before, if another is measured
    double temperature = 1;
    double rho = 1;
    std::vector<std::uint8_t> gains{};  ///< q8, as a policy file states them
};
std::string canary_json(std::uint32_t task, const base::Digest& edge_model,
                        const std::vector<MeasuredPairView>& pairs);

/// One device class of POST /api/v1/tasks/{task}/policy:simulate.
struct SimulationView {
    std::string device_class;
    std::uint64_t tasks = 0;
    std::uint64_t tasks_of_other_models = 0;  ///< decided by models that are not the candidate's
    double hours = 0;                         ///< asked for
    double covered_hours = 0;  ///< from the oldest to the newest record; what rates are over
    std::optional<double> escalations_per_hour{};  ///< rates: absent if no time is covered
    std::optional<double> recorded_escalations_per_hour{};
    double escalated_share = 0;
    double recorded_share = 0;
    double cost_per_task = 0;  ///< beside keeping everything local, in wrong answers
    double cost_low = 0;       ///< of 95 %
    double cost_high = 0;
    double recorded_cost_per_task = 0;
    double rho = 1;  ///< true gain for each unit of the edge's signal, which costs are judged by
    double rho_low = 0;  ///< of 95 %
    double rho_high = 0;
    double rho_samples = 0;  ///< labelled samples behind it
    /// Absent if no account tells what an escalation costs.
    std::optional<double> energy_uj_per_task{};
    std::optional<double> recorded_energy_uj_per_task{};  ///< absent if devices book no energy
    std::optional<double> deadline_misses_per_hour{};
    std::optional<double> recorded_deadline_misses_per_hour{};
    double decisions_per_second = 0;  ///< how fast they were replayed
};
std::string simulation_json(std::uint32_t task, const std::vector<SimulationView>& parts);

}  // namespace frugal::wire
