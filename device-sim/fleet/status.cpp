// SPDX-License-Identifier: Apache-2.0
#include "device-sim/fleet/status.hpp"

#include <boost/json.hpp>
#include <chrono>

#include "device-sim/fleet/fleet.hpp"

namespace frugal::swarm {
namespace {

namespace json = boost::json;

/// What is summed over the devices rather than counted as it happens.
struct Sums {
    std::uint64_t connected = 0;
    std::uint64_t powered = 0;
    std::uint64_t locked_out = 0;
    std::uint64_t pending = 0;
    std::map<std::uint32_t, std::uint64_t> confirmed;
    std::map<std::string, std::uint64_t> phases;
    double spent_uj = 0;
    double radio_uj = 0;
    double inference_uj = 0;
    double avoided_uj = 0;
    std::uint64_t raw_bytes_kept = 0;
    std::uint64_t tls_sent_bytes = 0;
    std::uint64_t tls_received_bytes = 0;
    std::uint64_t flash_violations = 0;
};

void add(const DeviceLink& link, Sums& sums) {
    const VirtualDevice& device = link.device();
    sums.connected += link.is_connected() ? 1 : 0;
    sums.powered += device.is_alive() ? 1 : 0;
    sums.locked_out += link.is_locked_out() ? 1 : 0;
    sums.spent_uj += device.energy().spent_uj();
    sums.radio_uj += device.energy().radio_uj();
    sums.inference_uj += device.energy().inference_uj();
    sums.raw_bytes_kept += device.raw_bytes_kept();
    sums.avoided_uj += device.avoided_uj();
    const auto traffic = link.live_traffic();
    sums.tls_sent_bytes += traffic.sent_bytes;
    sums.tls_received_bytes += traffic.received_bytes;
    sums.flash_violations += device.flash_violations();
    if (!device.is_alive()) {
        return;
    }
    sums.pending += link.pending();
    const fr_task_status_t status = device.task_status();
    ++sums.phases[phase_name(static_cast<std::uint32_t>(status.phase))];
    if (status.has_model && status.active_slot == status.confirmed_slot) {
        ++sums.confirmed[status.release];
    }
}

Sums sum_up(const Fleet& fleet) {
    Sums sums;
    sums.tls_sent_bytes = fleet.statistics().tls_sent_bytes;
    sums.tls_received_bytes = fleet.statistics().tls_received_bytes;
    for (const auto& link : fleet.links()) {
        add(*link, sums);
    }
    return sums;
}

template <typename Map>
json::object to_object(const Map& map) {
    json::object object;
    for (const auto& [key, value] : map) {
        if constexpr (std::is_arithmetic_v<std::decay_t<decltype(key)>>) {
            object[std::to_string(key)] = value;
        } else {
            object[key] = value;
        }
    }
    return object;
}

template <typename Array, typename Name>
json::object traffic_object(const Array& traffic, Name name) {
    json::object object;
    for (std::size_t kind = 0; kind < traffic.size(); ++kind) {
        object[name(kind)] = {{"messages", traffic[kind].messages}, {"bytes", traffic[kind].bytes}};
    }
    return object;
}

template <typename Array>
std::uint64_t total_bytes(const Array& traffic) {
    std::uint64_t bytes = 0;
    for (const Traffic& entry : traffic) {
        bytes += entry.bytes;
    }
    return bytes;
}

json::object accuracy_object(const Statistics& statistics) {
    return {{"labelled", statistics.system.total},
            {"local", statistics.local.share()},
            {"system", statistics.system.share()},
            {"local_on_escalated", statistics.local_on_escalated.share()},
            {"edge_on_escalated", statistics.edge_on_escalated.share()},
            {"escalated", statistics.edge_on_escalated.total}};
}

json::object network_object(const Statistics& statistics) {
    return {
        {"attempts", statistics.connect_attempts},    {"connects", statistics.connects},
        {"resumed_tls", statistics.connects_resumed}, {"failures", statistics.connect_failures},
        {"disconnects", statistics.disconnects},      {"hello_unheard", statistics.hello_unheard},
        {"hello_denied", statistics.hello_denied},    {"lost_up", statistics.lost_up},
        {"lost_down", statistics.lost_down},          {"duplicated", statistics.duplicated},
        {"last_error", statistics.last_error}};
}

json::object energy_object(const Sums& sums) {
    constexpr double kMicrojoules = 1e6;
    return {{"total_j", sums.spent_uj / kMicrojoules},
            {"radio_j", sums.radio_uj / kMicrojoules},
            {"inference_j", sums.inference_uj / kMicrojoules},
            {"avoided_j", sums.avoided_uj / kMicrojoules},
            {"simulated", true}};
}

json::object bytes_object(const Statistics& statistics, const Sums& sums) {
    const std::uint64_t model =
        statistics.down[FR_DOWN_CHUNK].bytes + statistics.down[FR_DOWN_SHARED_CHUNK].bytes;
    return {{"up", total_bytes(statistics.up)},
            {"down", total_bytes(statistics.down)},
            {"model_down", model},
            {"tls_sent", sums.tls_sent_bytes},
            {"tls_received", sums.tls_received_bytes},
            {"raw_kept", sums.raw_bytes_kept}};
}

json::object faults_object(const Fleet& fleet, const Sums& sums) {
    const Statistics& statistics = fleet.statistics();
    std::uint64_t attacked = 0;
    std::uint64_t refused = 0;
    for (const auto& link : fleet.links()) {
        attacked += link->was_attacked() ? 1 : 0;
        refused += link->has_refused_attack() ? 1 : 0;
    }
    return {{"boots", statistics.boots},
            {"power_cuts", statistics.power_cuts},
            {"transfers", statistics.transfers},
            {"transfers_resumed", statistics.transfers_resumed},
            {"recovered_from_flash", statistics.recovered},
            {"flash_violations", sums.flash_violations},
            {"attack_strikes", statistics.attack_strikes},
            {"devices_attacked", attacked},
            {"attacks_refused", refused}};
}

}  // namespace

std::int64_t unix_time_ms() {
    return std::chrono::duration_cast<Milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string status_json(const Fleet& fleet) {
    const Statistics& statistics = fleet.statistics();
    const Sums sums = sum_up(fleet);
    json::object status = {
        {"time_unix_ms", unix_time_ms()},
        {"uptime_ms", fleet.now().count()},
        {"scenario", fleet.scenario().name},
        {"seed", fleet.scenario().seed},
        {"draining", fleet.is_draining()},
        {"devices", fleet.links().size()},
        {"connected", sums.connected},
        {"powered", sums.powered},
        {"locked_out", sums.locked_out},
        {"confirmed", to_object(sums.confirmed)},
        {"phases", to_object(sums.phases)},
        {"decisions", statistics.decisions},
        {"acked", statistics.acked},
        {"pending", sums.pending},
        {"dropped", statistics.dropped},
        {"samples_without_model", statistics.samples_without_model},
        {"samples_failed", statistics.samples_failed},
        {"escalations", statistics.escalations},
        {"answered", statistics.answered},
        {"busy", statistics.busy},
        {"late", statistics.late},
        {"refusals", to_object(statistics.refusals)},
        {"reverts", to_object(statistics.reverts)},
    };
    status["accuracy"] = accuracy_object(statistics);
    status["energy"] = energy_object(sums);
    status["bytes"] = bytes_object(statistics, sums);
    status["network"] = network_object(statistics);
    status["faults"] = faults_object(fleet, sums);
    status["up"] = traffic_object(statistics.up, [](std::size_t kind) {
        return up_kind_name(static_cast<fr_up_kind_t>(kind));
    });
    status["down"] = traffic_object(statistics.down, [](std::size_t kind) {
        return down_kind_name(static_cast<fr_down_kind_t>(kind));
    });
    return json::serialize(status);
}

std::map<std::string, double> totals_of(const Fleet& fleet) {
    const Statistics& statistics = fleet.statistics();
    const Sums sums = sum_up(fleet);
    std::map<std::string, double> totals = {
        {"power_cuts", static_cast<double>(statistics.power_cuts)},
        {"transfers", static_cast<double>(statistics.transfers)},
        {"transfers_resumed", static_cast<double>(statistics.transfers_resumed)},
        {"connects", static_cast<double>(statistics.connects)},
        {"connects_resumed", static_cast<double>(statistics.connects_resumed)},
        {"lost_up", static_cast<double>(statistics.lost_up)},
        {"lost_down", static_cast<double>(statistics.lost_down)},
        {"tls_sent_bytes", static_cast<double>(sums.tls_sent_bytes)},
        {"tls_received_bytes", static_cast<double>(sums.tls_received_bytes)},
        {"raw_bytes_kept", static_cast<double>(sums.raw_bytes_kept)},
        {"energy_j", sums.spent_uj * 1e-6},
        {"energy_avoided_j", sums.avoided_uj * 1e-6},
        {"flash_violations", static_cast<double>(sums.flash_violations)},
    };
    for (std::size_t kind = 0; kind < FR_UP_KINDS; ++kind) {
        const std::string name = up_kind_name(static_cast<fr_up_kind_t>(kind));
        totals["up_" + name + "_bytes"] = static_cast<double>(statistics.up[kind].bytes);
        totals["up_" + name + "_messages"] = static_cast<double>(statistics.up[kind].messages);
    }
    for (std::size_t kind = 0; kind < FR_DOWN_KINDS; ++kind) {
        const std::string name = down_kind_name(static_cast<fr_down_kind_t>(kind));
        totals["down_" + name + "_bytes"] = static_cast<double>(statistics.down[kind].bytes);
        totals["down_" + name + "_messages"] = static_cast<double>(statistics.down[kind].messages);
    }
    return totals;
}

}  // namespace frugal::swarm
