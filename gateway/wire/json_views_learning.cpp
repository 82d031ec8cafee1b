// SPDX-License-Identifier: Apache-2.0
#include "wire/json_views_learning.hpp"

#include <cmath>

#include "wire/json_values.hpp"

namespace frugal::wire {

namespace {

namespace json = boost::json;

json::value itself(double value) {
    return value;
}

json::array gains_array(const std::vector<std::uint8_t>& gains) {
    return json_list(gains, [](std::uint8_t gain) { return std::uint64_t{gain}; });
}

json::object group_object(const LearnedGroupView& group) {
    json::object object;
    object["classes"] = json_list(group.classes, [](std::uint32_t id) { return id; });
    object["gain_q8"] = gains_array(group.table);
    return object;
}

json::object cell_object(const LearnedCellView& cell) {
    json::object object;
    object["task"] = cell.task;
    object["device_class"] = cell.device_class;
    object["model_digest"] = json_of(cell.model);
    object["edge_model_digest"] = json_of(cell.edge_model);
    object["learn"] = cell.mode;
    object["policy"] = cell.policy;
    object["tasks"] = static_cast<std::uint64_t>(cell.tasks);
    object["answered"] = static_cast<std::uint64_t>(cell.answered);
    object["gain_q8"] = gains_array(cell.table);
    object["offered"] = json_list(cell.offered, group_object);
    object["pushed"] = json_list(cell.pushed, group_object);
    object["evidence"] =
        json_list(cell.evidence, [](double value) { return std::round(value * 10) / 10; });
    object["audit_q8"] = cell.audit_q8;
    object["alarms"] = cell.alarms;
    object["probes"] = cell.probes;
    object["is_alarmed"] = cell.is_alarmed;
    object["doubted_devices"] = cell.doubted_devices;
    add_audience(object, cell.audience);
    object["release"] = cell.release.empty() ? json::value() : json::value(cell.release);
    object["is_served"] = cell.is_served;
    object["idle_s"] = json_or_null(cell.idle_s, [](std::int64_t s) { return json::value(s); });
    return object;
}

json::object simulation_object(const SimulationView& part) {
    json::object cost;
    cost["estimate"] = part.cost_per_task;
    cost["low"] = part.cost_low;
    cost["high"] = part.cost_high;
    cost["recorded"] = part.recorded_cost_per_task;
    json::object object;
    object["device_class"] = part.device_class;
    object["tasks"] = part.tasks;
    object["tasks_of_other_models"] = part.tasks_of_other_models;
    object["hours"] = part.hours;
    object["covered_hours"] = part.covered_hours;
    object["escalations_per_hour"] = json_or_null(part.escalations_per_hour, itself);
    object["recorded_escalations_per_hour"] =
        json_or_null(part.recorded_escalations_per_hour, itself);
    object["escalated_share"] = part.escalated_share;
    object["recorded_share"] = part.recorded_share;
    object["cost_per_task"] = std::move(cost);
    json::object rho;
    rho["value"] = part.rho;
    rho["low"] = part.rho_low;
    rho["high"] = part.rho_high;
    rho["samples"] = part.rho_samples;
    object["rho"] = std::move(rho);
    object["energy_uj_per_task"] = json_or_null(part.energy_uj_per_task, itself);
    object["recorded_energy_uj_per_task"] = json_or_null(part.recorded_energy_uj_per_task, itself);
    object["deadline_misses_per_hour"] = json_or_null(part.deadline_misses_per_hour, itself);
    object["recorded_deadline_misses_per_hour"] =
        json_or_null(part.recorded_deadline_misses_per_hour, itself);
    object["decisions_per_second"] = std::round(part.decisions_per_second);
    return object;
}

json::object pair_object(const MeasuredPairView& pair) {
    json::object object;
    object["device_class"] = pair.device_class;
    object["model_digest"] = json_of(pair.model);
    object["samples"] = pair.samples;
    object["local_right"] = pair.local_right;
    object["edge_right"] = pair.edge_right;
    object["before_right"] = json_or_null(pair.before_right, itself);
    object["temperature"] = pair.temperature;
    object["rho"] = pair.rho;
    object["gain_q8"] = gains_array(pair.gains);
    return object;
}

}  // namespace

std::string note_json(const std::string& note) {
    json::object object;
    object["note"] = note;
    return json_text(std::move(object));
}

std::string canary_json(std::uint32_t task, const base::Digest& edge_model,
                        const std::vector<MeasuredPairView>& pairs) {
    json::object object;
    object["task"] = task;
    object["edge_model_digest"] = json_of(edge_model);
    object["pairs"] = json_list(pairs, pair_object);
    return json_text(std::move(object));
}

std::string learned_json(const std::vector<LearnedCellView>& cells) {
    json::object object;
    object["cells"] = json_list(cells, cell_object);
    return json_text(std::move(object));
}

std::string simulation_json(std::uint32_t task, const std::vector<SimulationView>& parts) {
    json::object object;
    object["task"] = task;
    object["parts"] = json_list(parts, simulation_object);
    return json_text(std::move(object));
}

}  // namespace frugal::wire
