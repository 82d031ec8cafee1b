// SPDX-License-Identifier: Apache-2.0
#include "wire/json_values.hpp"
#include "wire/json_views.hpp"

namespace frugal::wire {

namespace json = boost::json;

namespace {

template <typename Counts>
json::array counts_array(const Counts& counts) {
    return json_list(counts, [](const auto& entry) {
        json::object object;
        object["name"] = to_string(entry.first);
        object["count"] = entry.second;
        return object;
    });
}

json::object rollout_device_object(const core::RolloutDeviceView& view) {
    json::object object;
    object["device"] = view.device.text();
    object["state"] = to_string(view.record.state);
    object["reason"] = json_of(view.record.reason);
    object["detail"] = view.record.detail;
    object["attempt"] = view.record.attempt;
    object["blocks_held"] = view.record.blocks_held;
    object["changed_at"] = json_of(view.record.changed_at);
    return object;
}

json::object cloud_object(const core::CloudStatistics& statistics) {
    json::object object;
    object["asked"] = statistics.asked;
    object["answered"] = statistics.answered;
    object["failed"] = statistics.failed;
    object["expired"] = statistics.expired;
    object["too_late"] = statistics.too_late;
    object["over_budget"] = statistics.over_budget;
    object["broken"] = statistics.broken;
    object["in_flight"] = statistics.in_flight;
    object["breaker"] = statistics.breaker;
    object["round_trip_p95_us"] = statistics.round_trip_p95.count();
    return object;
}

/// The state of the queue, the batches and the budgets.
void append_desk(json::object& object, const core::EscalationStatistics& statistics) {
    json::object queued;
    for (std::size_t i = 0; i < core::kPriorities; ++i) {
        queued[to_string(static_cast<core::Priority>(i))] = statistics.queued_by_priority[i];
    }
    object["queued_by_priority"] = std::move(queued);
    json::object causes;
    for (std::size_t i = 0; i < core::kBusyCauses; ++i) {
        causes[to_string(static_cast<core::BusyCause>(i))] = statistics.busy_causes[i];
    }
    object["busy_causes"] = std::move(causes);
    object["sojourn_p95_us"] = statistics.sojourn_p95.count();
    object["is_standing"] = statistics.is_standing;
    object["batches"] = statistics.batches;
    object["largest_batch"] = statistics.largest_batch;
    object["batch_sizes"] = json_list(statistics.batch_sizes, [](const core::BatchView& view) {
        return json::object{{"task", view.task},          {"size", view.size},
                            {"batches", view.batches},    {"p50_us", view.p50.count()},
                            {"p99_us", view.p99.count()}, {"best_size", view.best_size}};
    });
    object["budgets"] = json_list(statistics.budgets, [](const core::BudgetView& view) {
        return json::object{{"task", view.task},
                            {"group", view.group},
                            {"escalated", view.escalated},
                            {"decisions", view.decisions},
                            {"price", view.price / 255.0}};
    });
}

json::object statistics_object(const core::EscalationStatistics& statistics) {
    json::object object;
    object["received"] = statistics.received;
    object["answered"] = statistics.answered;
    object["busy"] = statistics.busy;
    object["refused"] = statistics.refused;
    object["expired"] = statistics.expired;
    object["duplicates"] = statistics.duplicates;
    object["failed"] = statistics.failed;
    object["disagreements"] = statistics.disagreements;
    object["audits"] = statistics.audits;
    object["admitted"] = statistics.admitted;
    object["withdrawn"] = statistics.withdrawn;
    object["audits_shed"] = statistics.audits_shed;
    object["hung"] = statistics.hung;
    object["queued"] = statistics.queued;
    object["running"] = statistics.running;
    object["queued_bytes"] = statistics.queued_bytes;
    object["load"] = statistics.load / 255.0;
    object["price"] = statistics.price / 255.0;
    object["service_times"] = json_list(statistics.service_time, [](const auto& entry) {
        json::object task;
        task["task"] = entry.first;
        task["service_us"] = entry.second.count();
        return task;
    });
    object["cloud"] = cloud_object(statistics.cloud);
    append_desk(object, statistics);
    return object;
}

}  // namespace

json::object rollout_object(const core::RolloutView& rollout) {
    json::object object;
    object["id"] = rollout.record.id.value;
    object["model"] = rollout.model.text();
    object["release"] = rollout.release;
    object["task"] = rollout.record.task;
    object["state"] = to_string(rollout.record.status);
    object["undoes"] = json_or_null(rollout.record.undoes,
                                    [](base::RolloutId rollout_id) { return rollout_id.value; });
    object["actor"] = rollout.record.actor;
    object["started_at"] = json_of(rollout.record.started_at);
    object["ended_at"] = json_of(rollout.record.ended_at);
    object["devices"] = rollout.total;
    object["states"] = counts_array(rollout.counts);
    object["reasons"] = counts_array(rollout.reasons);
    return object;
}

std::string to_json(const core::RolloutView& rollout) {
    return json_text(rollout_object(rollout));
}

std::string to_json(const core::RolloutList& rollouts) {
    json::object object;
    object["rollouts"] = json_list(rollouts.rollouts, rollout_object);
    return json_text(std::move(object));
}

std::string to_json(const core::RolloutDetail& detail) {
    json::object object;
    object["rollout"] = rollout_object(detail.rollout);
    object["devices"] = json_list(detail.devices, rollout_device_object);
    object["next_page_token"] = detail.has_more && !detail.devices.empty()
                                    ? json::value(detail.devices.back().device.text().c_str())
                                    : json::value(nullptr);
    return json_text(std::move(object));
}

std::string to_json(const core::EscalationStatistics& statistics) {
    return json_text(statistics_object(statistics));
}

}  // namespace frugal::wire
