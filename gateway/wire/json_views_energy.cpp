// SPDX-License-Identifier: Apache-2.0
// The energy ledger as JSON, and the constants that estimates of it rest on.

#include "frugal/energy.h"
#include "wire/json_values.hpp"
#include "wire/json_views.hpp"

namespace frugal::wire {

namespace {

namespace json = boost::json;

constexpr double kMicrojoules = 1e6;

double joules(std::uint64_t energy_uj) {
    return static_cast<double>(energy_uj) / kMicrojoules;
}

json::object constant(std::string_view about, std::string_view name, double value,
                      std::string_view unit, std::string_view source) {
    json::object object;
    object["about"] = about;
    object["name"] = name;
    object["value"] = value;
    object["unit"] = unit;
    object["source"] = source;
    object["is_assumed"] = source.find("assumed") != std::string_view::npos;
    return object;
}

// The tables of frugal/energy.h, one entry a number.
json::array constants() {
    json::array array;
    const auto add = [&](auto... parts) { array.emplace_back(constant(parts...)); };
#define FRUGAL_COMPUTE(name, inference_nj, mac_pj, source)                     \
    add("computing", #name, (inference_nj) / 1e3, "uJ per inference", source); \
    add("computing", #name, mac_pj, "pJ per multiply-accumulate", source);
#define FRUGAL_RADIO(name, event_nj, byte_nj, handshake_uj, resumption_uj, source) \
    add("radio", #name, (event_nj) / 1e3, "uJ per burst of messages", source);     \
    add("radio", #name, (byte_nj) / 1e3, "uJ per byte", source);                   \
    add("radio", #name, handshake_uj, "uJ per TLS handshake", source);             \
    add("radio", #name, resumption_uj, "uJ per resumed TLS handshake", source);
#define FRUGAL_FLASH(name, erase_nj, program_nj, source)                 \
    add("flash", #name, (erase_nj) / 1e3, "uJ per byte erased", source); \
    add("flash", #name, (program_nj) / 1e3, "uJ per byte programmed", source);
    FR_ENERGY_COMPUTE(FRUGAL_COMPUTE)
    FR_ENERGY_RADIO(FRUGAL_RADIO)
    FR_ENERGY_FLASH(FRUGAL_FLASH)
#undef FRUGAL_COMPUTE
#undef FRUGAL_RADIO
#undef FRUGAL_FLASH
    return array;
}

json::object device_energy_object(const core::EnergyView& energy) {
    auto object = energy_object(energy.totals);
    object["device"] = energy.device.text();
    return object;
}

}  // namespace

json::object energy_object(const core::EnergyCounters& totals) {
    json::object object;
    json::array uses;
    for (std::size_t use = 0; use < core::kEnergyUses; ++use) {
        json::object entry;
        entry["use"] = core::to_string(static_cast<core::EnergyUse>(use));
        entry["joules"] = joules(totals.use_uj[use]);
        entry["bytes"] = totals.use_bytes[use];
        uses.push_back(std::move(entry));
    }
    object["uses"] = std::move(uses);
    object["used_j"] = joules(totals.used_uj());
    object["used_bytes"] = totals.used_bytes();
    object["other_j"] = joules(totals.other_uj);
    object["spent_j"] = joules(totals.used_uj() + totals.other_uj);
    object["raw_j"] = joules(totals.raw_uj);
    object["raw_bytes"] = totals.raw_bytes;
    object["avoided_j"] = joules(totals.avoided_uj);
    object["avoided_bytes"] = totals.avoided_bytes;
    object["inferences"] = totals.inferences;
    object["saved_ratio"] = totals.raw_uj == 0
                                ? json::value(nullptr)
                                : json::value(1 - joules(totals.used_uj()) / joules(totals.raw_uj));
    return object;
}

std::string to_json(const core::EnergyView& energy) {
    return json_text(device_energy_object(energy));
}

std::string to_json(const core::EnergyPage& energy) {
    json::object object;
    object["fleet"] = energy_object(energy.fleet);
    object["devices"] = json_list(energy.devices, device_energy_object);
    object["next_page_token"] = energy.has_more && !energy.devices.empty()
                                    ? json::value(energy.devices.back().device.text().c_str())
                                    : json::value(nullptr);
    return json_text(std::move(object));
}

std::string energy_constants_json() {
    json::object object;
    object["constants"] = constants();
    return json_text(std::move(object));
}

}  // namespace frugal::wire
