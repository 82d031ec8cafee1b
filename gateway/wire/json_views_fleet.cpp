// SPDX-License-Identifier: Apache-2.0
#include "wire/json_values.hpp"
#include "wire/json_views.hpp"

namespace frugal::wire {

namespace {

namespace json = boost::json;

json::object capability_object(const core::Capability& capability) {
    json::object object;
    object["device_class"] = capability.device_class.text();
    object["runtime_abi"] = capability.runtime_abi;
    object["arena_bytes"] = capability.arena_bytes;
    object["slot_bytes"] = capability.slot_bytes;
    object["staging_bytes"] = capability.staging_bytes;
    object["block_bytes"] = capability.block_bytes;
    object["decoder_ram_bytes"] = capability.decoder_ram_bytes;
    object["features_bytes_max"] = capability.features_bytes_max;
    object["slots"] = capability.has_one_slot() ? 1 : 2;
    object["reach_bytes"] = capability.reach_bytes;
    return object;
}

json::object certificate_object(const core::CertificateRecord& certificate) {
    json::object object;
    object["serial"] = base::to_hex(certificate.serial);
    object["not_after"] = json_of(certificate.not_after);
    return object;
}

json::object desired_object(const core::DesiredView& desired) {
    json::object object;
    object["task"] = desired.task;
    object["rollout"] = desired.rollout.value;
    object["model"] = desired.model.text();
    object["release"] = desired.release;
    object["state"] = to_string(desired.state);
    object["reason"] = json_of(desired.reason);
    return object;
}

json::object reported_object(const core::TaskState& state) {
    json::object object;
    object["task"] = state.task;
    object["counter"] = state.release;
    object["model_digest"] = json_or_null(
        state.model_digest, [](const base::Digest& digest) { return json_of(digest); });
    object["phase"] = to_string(state.phase);
    object["reason"] = json_of(state.reason);
    object["policy"] = state.policy;
    return object;
}

json::object stream_object(const core::StreamView& stream) {
    json::object object;
    object["stream"] = json_of(stream.id);
    object["next_sequence"] = stream.next_sequence;
    object["accepted"] = stream.accepted;
    object["lost"] = stream.lost;
    object["boot_epoch"] = stream.boot_epoch;
    return object;
}

json::object health_object(const core::Health& health) {
    json::object object;
    object["uptime_ticks"] = health.uptime_ticks;
    object["battery_half_percent"] = health.battery_half_percent;
    object["resets"] = health.resets;
    object["dropped"] = health.dropped;
    object["energy_uj"] = health.energy_uj;
    object["energy_avoided_uj"] = health.energy_avoided_uj;
    object["raw_bytes_avoided"] = health.raw_bytes_avoided;
    object["inferences"] = health.inferences;
    object["escalations"] = health.escalations;
    object["late_verdicts"] = health.late_verdicts;
    object["busy_verdicts"] = health.busy_verdicts;
    object["tasks"] = json_list(health.tasks, [](const core::TaskHealth& task) {
        json::object entry;
        entry["task"] = task.task;
        entry["policy"] = task.policy;
        entry["shadow"] = task.shadow;
        entry["shadow_differs"] = task.shadow_differs;
        return entry;
    });
    return object;
}

json::object device_object(const core::DeviceView& device) {
    json::object object;
    object["device"] = device.id.text();
    object["label"] = device.label;
    object["state"] = to_string(device.state);
    object["presence"] = to_string(device.presence);
    object["heard_ago_ms"] = json_or_null(device.heard_ago, [](base::Duration ago) {
        return std::chrono::duration_cast<std::chrono::milliseconds>(ago).count();
    });
    object["capability"] = json_or_null(device.capability, capability_object);
    object["certificate"] = json_or_null(device.certificate, certificate_object);
    object["desired_version"] = device.desired_version;
    object["reported_version"] = device.reported_version;
    object["desired"] = json_list(device.desired, desired_object);
    object["reported"] = json_list(device.reported, reported_object);
    object["streams"] = json_list(device.streams, stream_object);
    object["policies"] = json_list(device.policies, [](const core::ChosenPolicy& chosen) {
        json::object entry;
        entry["task"] = chosen.task;
        entry["version"] = chosen.version;
        add_audience(entry, chosen.audience);
        return entry;
    });
    object["health"] = json_or_null(device.health, health_object);
    object["malformed_messages"] = device.malformed_messages;
    object["added_at"] = json_of(device.added_at);
    object["revoked_at"] = json_of(device.revoked_at);
    return object;
}

}  // namespace

std::string to_json(const core::DeviceView& device) {
    return json_text(device_object(device));
}

std::string to_json(const core::DevicePage& page) {
    json::object object;
    object["devices"] = json_list(page.devices, device_object);
    object["total"] = page.total;
    object["next_page_token"] = page.has_more && !page.devices.empty()
                                    ? json::value(page.devices.back().id.text().c_str())
                                    : json::value(nullptr);
    return json_text(std::move(object));
}

std::string claim_json(const base::DeviceId& device, std::string_view claim_code,
                       base::Duration time_to_live) {
    json::object object;
    object["device"] = device.text();
    object["claim_code"] = claim_code;
    object["expires_in_s"] = std::chrono::duration_cast<std::chrono::seconds>(time_to_live).count();
    return json_text(std::move(object));
}

}  // namespace frugal::wire
