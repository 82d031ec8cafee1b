// SPDX-License-Identifier: Apache-2.0
#include "wire/json_values.hpp"
#include "wire/json_views.hpp"

namespace frugal::wire {

namespace {

namespace json = boost::json;

json::object encoding_object(const core::ArtifactRecord& artifact) {
    json::object object;
    object["digest"] = json_of(artifact.digest);
    object["profile"] = artifact.decoder_profile;
    object["is_delta"] = artifact.base_digest.has_value();
    object["block_bytes"] = artifact.block_bytes;
    return object;
}

json::object verdict_object(const core::VariantVerdict& verdict) {
    json::object object;
    object["variant"] = verdict.variant;
    object["fits"] = verdict.is_fit;
    object["is_on_device"] = verdict.is_on_device;
    object["bytes_on_air"] = verdict.bytes_on_air;
    object["encoding"] = json_or_null(verdict.artifact, encoding_object);
    object["energy_uj"] =
        json_or_null(verdict.energy_uj, [](std::uint64_t energy_uj) { return energy_uj; });
    object["reason"] = json_of(verdict.reason);
    object["why"] = verdict.why;
    object["lacks"] = verdict.lacks;
    object["needed"] = verdict.needed;
    object["available"] = verdict.available;
    return object;
}

template <typename Row>
json::object row_object(const Row& row) {
    json::object object;
    object["device_class"] = row.device_class.text();
    object["chosen"] = json_or_null(row.chosen, [](std::uint32_t place) { return place; });
    object["verdicts"] = json_list(row.verdicts, verdict_object);
    return object;
}

json::object class_object(const core::ClassFit& row) {
    auto object = row_object(row);
    object["devices"] = row.devices;
    return object;
}

json::object device_object(const core::DeviceFit& row) {
    auto object = row_object(row);
    object["device"] = row.device.text();
    return object;
}

}  // namespace

std::string to_json(const core::FitReport& report) {
    json::object object;
    object["release"] = release_object(report.release);
    object["devices_known"] = report.known;
    object["devices_unknown"] = report.unknown;
    object["devices_fitting"] = report.fitting;
    object["classes"] = json_list(report.classes, class_object);
    object["devices"] = json_list(report.devices, device_object);
    object["next_page_token"] = report.has_more && !report.devices.empty()
                                    ? json::value(report.devices.back().device.text().c_str())
                                    : json::value(nullptr);
    return json_text(std::move(object));
}

}  // namespace frugal::wire
