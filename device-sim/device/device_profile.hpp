// SPDX-License-Identifier: Apache-2.0
// The classes of devices the swarm simulates: what they can hold, what computing and talking costs
// them. Energies are the rows of frugal/energy.h; what is marked (assumed) nobody measured.
// Immutable, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace frugal::swarm {

/// What one radio costs and how fast it answers.
struct RadioProfile {
    std::string_view name;
    double event_uj;         ///< per burst of messages, session up
    double byte_uj;          ///< per byte either way
    double handshake_uj;     ///< full TLS handshake (assumed)
    double resumption_uj;    ///< resumed TLS handshake (assumed)
    double erase_byte_uj;    ///< flash of a board with this radio (assumed)
    double program_byte_uj;  ///< (assumed)
    double rtt_median_ms;    ///< log-normal (assumed)
    double rtt_sigma;        ///< of the logarithm (assumed)
    std::int16_t rssi_dbm;   ///< typical (assumed)
};

struct DeviceProfile {
    std::string_view name;  ///< the device class manifests name
    std::uint32_t arena_bytes;
    std::uint32_t slot_bytes;
    std::uint32_t staging_bytes;
    std::uint32_t block_bytes;
    std::uint32_t sector_bytes;
    std::uint32_t features_bytes_max;
    double inference_uj;  ///< of each inference, besides its work
    double pj_per_mac;
    double ns_per_mac;
    double sleep_uw;    ///< between decisions
    double battery_wh;  ///< (assumed)
    RadioProfile radio;
};

std::span<const DeviceProfile> device_profiles();
const DeviceProfile* find_device_profile(std::string_view name);

}  // namespace frugal::swarm
