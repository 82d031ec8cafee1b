// SPDX-License-Identifier: Apache-2.0
#include "device-sim/device/device_profile.hpp"

#include <algorithm>
#include <array>

#include "frugal/energy.h"

namespace frugal::swarm {
namespace {

struct ComputeEnergy {
    double inference_uj;
    double pj_per_mac;
};

/// What the link is like beside its energy.
struct Link {
    std::string_view name;
    double rtt_median_ms;
    double rtt_sigma;
    std::int16_t rssi_dbm;
};

struct RadioEnergy {
    double event_uj;
    double byte_uj;
    double handshake_uj;
    double resumption_uj;
};

struct FlashEnergy {
    double erase_byte_uj;
    double program_byte_uj;
};

// clang-format off
#define FRUGAL_COMPUTE(name, inference_nj, pj_per_mac, source) \
    constexpr ComputeEnergy kCompute_##name{(inference_nj) / 1e3, pj_per_mac};
#define FRUGAL_RADIO(name, event_nj, byte_nj, handshake_uj, resumption_uj, source) \
    constexpr RadioEnergy kRadio_##name{(event_nj) / 1e3, (byte_nj) / 1e3, handshake_uj, resumption_uj};
#define FRUGAL_FLASH(name, erase_nj, program_nj, source) \
    constexpr FlashEnergy kFlash_##name{(erase_nj) / 1e3, (program_nj) / 1e3};
FR_ENERGY_COMPUTE(FRUGAL_COMPUTE)
FR_ENERGY_RADIO(FRUGAL_RADIO)
FR_ENERGY_FLASH(FRUGAL_FLASH)
#undef FRUGAL_COMPUTE
#undef FRUGAL_RADIO
#undef FRUGAL_FLASH
// clang-format on

constexpr RadioProfile radio(const RadioEnergy& energy, const FlashEnergy& flash,
                             const Link& link) {
    return {link.name,
            energy.event_uj,
            energy.byte_uj,
            energy.handshake_uj,
            energy.resumption_uj,
            flash.erase_byte_uj,
            flash.program_byte_uj,
            link.rtt_median_ms,
            link.rtt_sigma,
            link.rssi_dbm};
}

constexpr RadioProfile kBle = radio(kRadio_ble, kFlash_ble, {"ble", 45.0, 0.35, -68});
constexpr RadioProfile kIeee802154 =
    radio(kRadio_ieee802154, kFlash_ieee802154, {"802.15.4", 27.0, 0.35, -74});
constexpr RadioProfile kWifi = radio(kRadio_wifi, kFlash_wifi, {"wifi", 14.0, 0.35, -58});

// Times of the boards that frugal/energy.h names, keyword spotting of MLPerf Tiny (2.66 million
// multiply-accumulates): 48, 43.2 and 11.3 ms. Sleep: 57 uW is a sleepy Thread device polling each
// second (Nordic); ESP32 light sleep 0.8 mA.
constexpr std::array kProfiles = {
    DeviceProfile{"tiny", 2 * 1024, 16 * 1024, 16 * 1024, 256, 1024, 1024,
                  kCompute_tiny.inference_uj, kCompute_tiny.pj_per_mac, 18.0, 10.0, 0.66, kBle},
    DeviceProfile{"m4", 64 * 1024, 256 * 1024, 256 * 1024, 1024, 4096, 4096,
                  kCompute_m4.inference_uj, kCompute_m4.pj_per_mac, 16.2, 57.0, 4.5, kIeee802154},
    DeviceProfile{"esp32", 256 * 1024, 1024 * 1024, 1024 * 1024, 4096, 4096, 4096,
                  kCompute_esp32.inference_uj, kCompute_esp32.pj_per_mac, 4.25, 2640.0, 9.6, kWifi},
};

}  // namespace

std::span<const DeviceProfile> device_profiles() {
    return kProfiles;
}

const DeviceProfile* find_device_profile(std::string_view name) {
    const auto found = std::find_if(kProfiles.begin(), kProfiles.end(),
                                    [name](const auto& profile) { return profile.name == name; });
    return found == kProfiles.end() ? nullptr : &*found;
}

}  // namespace frugal::swarm
