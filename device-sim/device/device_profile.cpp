// SPDX-License-Identifier: Apache-2.0
#include "device-sim/device/device_profile.hpp"

#include <algorithm>
#include <array>

namespace frugal::swarm {
namespace {

// nRF52840 at 0 dBm, DC/DC, 3 V (docs.nordicsemi.com, online power profiler currents): 0.23 uJ/B
// at 1 Mbit/s with 244-byte PDUs; 12 uJ a connection event is assumed.
constexpr RadioProfile kBle{"ble", 12.0, 0.23, 45.0, 0.35, 2.0e5, 2.0e4, -68};

// nRF52840 at 250 kbit/s, 80 useful bytes of 127, 1.1 ms of CSMA listening: 133 uJ for 64 bytes.
constexpr RadioProfile kIeee802154{"802.15.4", 18.0, 1.8, 27.0, 0.35, 2.0e5, 2.0e4, -74};

// ESP32, session up: 15 ms awake at about 100 mA and 3.3 V is 5 mJ an exchange (assumed).
constexpr RadioProfile kWifi{"wifi", 5.0e3, 0.6, 14.0, 0.35, 2.0e5, 2.0e4, -58};

// MLPerf Tiny closed division, keyword spotting (2.66 million multiply-accumulates), median energy:
//   tiny   NUCLEO-U385RG, Cortex-M33 96 MHz, v1.3: 245 uJ, 48 ms
//   m4     NUCLEO-L4R5ZI, Cortex-M4 120 MHz, v1.2: 1820 uJ, 43.2 ms
//   esp32  no row for this chip; NUCLEO-H7A3ZI, Cortex-M7 280 MHz, v1.2: 1376 uJ, 11.3 ms (assumed
//          to be near an ESP32-S3 at 240 MHz with vector instructions)
// Sleep: 57 uW is a sleepy Thread device polling each second (Nordic); ESP32 light sleep 0.8 mA.
constexpr std::array kProfiles = {
    DeviceProfile{"tiny", 2 * 1024, 16 * 1024, 16 * 1024, 256, 1024, 1024, 92.0, 18.0, 10.0, 0.66,
                  kBle},
    DeviceProfile{"m4", 64 * 1024, 256 * 1024, 256 * 1024, 1024, 4096, 4096, 684.0, 16.2, 57.0, 4.5,
                  kIeee802154},
    DeviceProfile{"esp32", 256 * 1024, 1024 * 1024, 1024 * 1024, 4096, 4096, 4096, 517.0, 4.25,
                  2640.0, 9.6, kWifi},
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
