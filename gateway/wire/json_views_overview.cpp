// SPDX-License-Identifier: Apache-2.0
#include "wire/json_values.hpp"
#include "wire/json_views.hpp"

namespace frugal::wire {

namespace {

namespace json = boost::json;

std::uint32_t count_of(const core::Overview& overview, core::DeviceState state) {
    const auto found = overview.device_states.find(state);
    return found == overview.device_states.end() ? 0 : found->second;
}

json::object fleet_object(const core::Overview& overview, const OverviewContext& context) {
    json::object object;
    object["devices"] = overview.device_count;
    object["online"] = overview.online;
    object["revoked"] = count_of(overview, core::DeviceState::kRevoked);
    object["quarantined"] = count_of(overview, core::DeviceState::kQuarantined);
    object["classes"] = json_list(context.classes, [](const OverviewContext::ClassCount& entry) {
        json::object count;
        count["device_class"] = entry.device_class;
        count["devices"] = entry.devices;
        count["online"] = entry.online;
        return count;
    });
    return object;
}

json::object decisions_object(const core::Overview& overview, const OverviewContext& context) {
    json::object object;
    object["total"] = overview.decisions_total;
    object["per_minute"] = context.decisions_per_minute;
    object["duplicates"] = overview.intake.duplicates;
    object["gaps"] = overview.decisions_lost;
    object["bytes"] = overview.intake.decision_bytes;
    return object;
}

json::object escalations_object(const core::EscalationStatistics& statistics) {
    json::object object;
    object["answered"] = statistics.answered;
    object["busy"] = statistics.busy;
    object["late"] = statistics.expired;
    object["waiting"] = statistics.queued;
    base::Duration longest{0};
    for (const auto& [task, time] : statistics.service_time) {
        longest = std::max(longest, time);
    }
    object["service_ms"] = std::chrono::duration<double, std::milli>(longest).count();
    return object;
}

json::object bytes_object(const core::Overview& overview, const OverviewContext& context) {
    json::object object;
    object["up"] = context.bytes_up;
    object["down"] = context.bytes_down;
    object["model"] = overview.transfers.delivered_bytes;
    object["raw_avoided"] = overview.energy.avoided_bytes;
    return object;
}

}  // namespace

std::string to_json(const core::Overview& overview, const OverviewContext& context) {
    json::object object;
    object["site"] = context.site;
    object["fencing_epoch"] = overview.fencing_epoch;
    object["fleet"] = fleet_object(overview, context);
    object["rollout"] = json_or_null(overview.newest_rollout, rollout_object);
    object["rollouts_running"] = overview.rollouts_running;
    object["decisions"] = decisions_object(overview, context);
    object["escalations"] = escalations_object(overview.escalations);
    object["bytes"] = bytes_object(overview, context);
    object["energy"] = energy_object(overview.energy);
    object["incidents"] = overview.incidents;
    return json_text(std::move(object));
}

}  // namespace frugal::wire
