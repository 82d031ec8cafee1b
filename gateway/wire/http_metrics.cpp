// SPDX-License-Identifier: Apache-2.0
#include "wire/http_metrics.hpp"

#include <array>
#include <charconv>

namespace frugal::wire {

namespace {

std::string number_text(double value) {
    std::array<char, 40> buffer;
    const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return {buffer.data(), result.ptr};
}

void append_escaped(std::string& text, std::string_view value) {
    for (const char c : value) {
        if (c == '\n') {
            text += "\\n";
        } else {
            if (c == '\\' || c == '"') {
                text += '\\';
            }
            text += c;
        }
    }
}

double amount(std::uint64_t value) {
    return static_cast<double>(value);
}

void append_fleet(MetricsText& metrics, const core::Overview& overview) {
    metrics.family("frugal_nodes", "gauge", "Devices by state of their registration.");
    for (const auto state : {core::DeviceState::kRegistered, core::DeviceState::kEnrolled,
                             core::DeviceState::kRevoked, core::DeviceState::kQuarantined}) {
        const auto found = overview.device_states.find(state);
        const bool is_known = found != overview.device_states.end();
        metrics.sample(is_known ? found->second : 0, {{"state", to_string(state)}});
    }
    metrics.single("frugal_nodes_online", "gauge", "Devices heard of lately.", overview.online);
    metrics.family("frugal_messages_rejected_total", "counter",
                   "Messages of devices that were not accepted.");
    metrics.sample(amount(overview.malformed_messages), {{"cause", "malformed"}});
    metrics.sample(amount(overview.denied_messages), {{"cause", "denied"}});
    metrics.single("frugal_incidents_total", "counter", "Contradictions and breaches noted.",
                   amount(overview.incidents));
}

void append_decisions(MetricsText& metrics, const core::Overview& overview) {
    metrics.single("frugal_decisions_stored", "gauge", "Decisions in the database.",
                   amount(overview.decisions_total));
    metrics.single("frugal_decisions_lost", "gauge", "Decisions in the gap ledger.",
                   amount(overview.decisions_lost));
    metrics.single("frugal_decisions_total", "counter", "Decisions taken in since the start.",
                   amount(overview.intake.decisions));
    metrics.family("frugal_decisions_rejected_total", "counter",
                   "Decisions or batches not stored again, by cause.");
    metrics.sample(amount(overview.intake.duplicates), {{"cause", "duplicate"}});
    metrics.sample(amount(overview.intake.ahead), {{"cause", "ahead"}});
    metrics.sample(amount(overview.intake.shed), {{"cause", "disk-behind"}});
    metrics.sample(amount(overview.intake.equivocations), {{"cause", "equivocation"}});
    metrics.single("frugal_decision_bytes_total", "counter", "Payload bytes of accepted batches.",
                   amount(overview.intake.decision_bytes));
}

void append_desk(MetricsText& metrics, const core::EscalationStatistics& statistics) {
    metrics.family("frugal_offload_busy_total", "counter", "Escalations turned away, by cause.");
    for (std::size_t i = 0; i < core::kBusyCauses; ++i) {
        metrics.sample(amount(statistics.busy_causes[i]),
                       {{"cause", to_string(static_cast<core::BusyCause>(i))}});
    }
    metrics.family("frugal_offload_waiting_messages", "gauge", "Escalations waiting, by class.");
    for (std::size_t i = 0; i < core::kPriorities; ++i) {
        metrics.sample(statistics.queued_by_priority[i],
                       {{"class", to_string(static_cast<core::Priority>(i))}});
    }
    metrics.single("frugal_offload_admitted_total", "counter", "Escalations promised an answer.",
                   amount(statistics.admitted));
    metrics.single("frugal_offload_withdrawn_total", "counter",
                   "Promises taken back because the engines became slower.",
                   amount(statistics.withdrawn));
    metrics.single("frugal_offload_audits_shed_total", "counter",
                   "Audits that gave way to something better.", amount(statistics.audits_shed));
    metrics.single("frugal_offload_batches_total", "counter", "Batches given to the engines.",
                   amount(statistics.batches));
    metrics.single("frugal_offload_hung_total", "counter", "Batches whose engine did not answer.",
                   amount(statistics.hung));
    metrics.single("frugal_offload_sojourn_p95_seconds", "gauge",
                   "95th percentile of the time from arrival to an engine, lately.",
                   static_cast<double>(statistics.sojourn_p95.count()) / 1e6);
    metrics.single("frugal_offload_price_ratio", "gauge",
                   "Price of the edge's load as acks and verdicts carry it, 0 to 1.",
                   statistics.price / 255.0);
}

void append_escalations(MetricsText& metrics, const core::EscalationStatistics& statistics) {
    metrics.family("frugal_offload_total", "counter", "Escalated task instances by outcome.");
    const auto outcome = [&](std::string_view name, std::uint64_t value) {
        metrics.sample(amount(value), {{"target", "edge"}, {"outcome", name}});
    };
    outcome("answered", statistics.answered);
    outcome("busy", statistics.busy);
    outcome("refused", statistics.refused);
    outcome("expired", statistics.expired);
    outcome("failed", statistics.failed);
    const auto beyond = [&](std::string_view name, std::uint64_t value) {
        metrics.sample(amount(value), {{"target", "cloud"}, {"outcome", name}});
    };
    beyond("answered", statistics.cloud.answered);
    beyond("failed", statistics.cloud.failed);
    beyond("expired", statistics.cloud.expired);
    beyond("too-late", statistics.cloud.too_late);
    beyond("over-budget", statistics.cloud.over_budget);
    beyond("broken", statistics.cloud.broken);
    metrics.single("frugal_cloud_breaker_open", "gauge",
                   "1 while calls beyond the site are held back after failures.",
                   statistics.cloud.breaker == "closed" ? 0 : 1);
    metrics.single("frugal_offload_queue_messages", "gauge", "Escalations waiting or running.",
                   statistics.queued + statistics.running);
    metrics.single("frugal_offload_load_ratio", "gauge", "Load of the edge models, 0 to 1.",
                   statistics.load / 255.0);
    append_desk(metrics, statistics);
}

void append_transfers(MetricsText& metrics, const core::Overview& overview) {
    metrics.family("frugal_model_update_bytes_total", "counter",
                   "Model bytes published on the gateway's leg, and delivered to devices.");
    metrics.sample(amount(overview.transfers.published_bytes), {{"kind", "published"}});
    metrics.sample(amount(overview.transfers.delivered_bytes), {{"kind", "delivered"}});
    metrics.single("frugal_raw_bytes_avoided_total", "counter",
                   "Raw input bytes that devices decided on instead of sending.",
                   amount(overview.energy.avoided_bytes));
}

void append_energy(MetricsText& metrics, const core::EnergyCounters& energy) {
    metrics.family("frugal_node_energy_joules_total", "counter",
                   "Energy by use, as the devices account it.");
    for (std::size_t use = 0; use < core::kEnergyUses; ++use) {
        metrics.sample(amount(energy.use_uj[use]) / 1e6,
                       {{"use", core::to_string(static_cast<core::EnergyUse>(use))}});
    }
    metrics.sample(amount(energy.other_uj) / 1e6, {{"use", "other"}});
    metrics.family("frugal_node_radio_bytes_total", "counter",
                   "Payload bytes on the devices' radios by use, as they account them.");
    for (std::size_t use = 0; use < core::kEnergyUses; ++use) {
        metrics.sample(amount(energy.use_bytes[use]),
                       {{"use", core::to_string(static_cast<core::EnergyUse>(use))}});
    }
    metrics.single("frugal_node_raw_energy_joules_total", "counter",
                   "Radio energy that sending every raw input instead would have cost.",
                   amount(energy.raw_uj) / 1e6);
    metrics.single("frugal_node_raw_bytes_total", "counter", "Bytes of every raw input.",
                   amount(energy.raw_bytes));
}

void append_rollouts(MetricsText& metrics, const core::Overview& overview) {
    metrics.single("frugal_rollouts_running", "gauge", "Rollouts that are not at their end.",
                   overview.rollouts_running);
    if (!overview.newest_rollout) {
        return;
    }
    const std::string rollout = std::to_string(overview.newest_rollout->record.id.value);
    metrics.family("frugal_rollout_nodes", "gauge", "Devices of the newest rollout by state.");
    for (const auto& [state, count] : overview.newest_rollout->counts) {
        metrics.sample(count, {{"rollout", rollout}, {"state", to_string(state)}});
    }
}

}  // namespace

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void MetricsText::sample(double value, Labels labels) {
    sample_of("", value, labels);
}

void MetricsText::sample_of(std::string_view suffix, double value, Labels labels) {
    text_.append(name_).append(suffix);
    char separator = '{';
    for (const auto& [name, label] : labels) {
        text_ += separator;
        text_.append(name).append("=\"");
        append_escaped(text_, label);
        text_ += '"';
        separator = ',';
    }
    if (separator == ',') {
        text_ += '}';
    }
    text_.append(" ").append(number_text(value)).append("\n");
}

void MetricsText::single(std::string_view name, std::string_view type, std::string_view help,
                         double value) {
    family(name, type, help);
    sample(value);
}

HttpResponse MetricsText::response() const {
    return text_response(200, "text/plain; version=0.0.4; charset=utf-8", text_);
}

void append_overview(MetricsText& metrics, const core::Overview& overview) {
    append_fleet(metrics, overview);
    append_decisions(metrics, overview);
    append_escalations(metrics, overview.escalations);
    append_transfers(metrics, overview);
    append_energy(metrics, overview.energy);
    append_rollouts(metrics, overview);
}

}  // namespace frugal::wire
