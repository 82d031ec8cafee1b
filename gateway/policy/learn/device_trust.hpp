// SPDX-License-Identifier: Apache-2.0
// Which devices of a cell are believed: one whose tasks surprise far more than the median device's
// is left out, and what it added is taken back. A fault that hits the whole class moves the median
// and leaves nobody out. Owned by a cell, one thread. Never more than half the devices are doubted.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "policy/learn/gain_table.hpp"

namespace frugal::policy {

/// What one device added to a cell's evidence.
struct Contribution {
    std::array<float, kBins> counts{};
    std::array<float, kBins> gains{};
    double samples = 0;   ///< fading
    double surprise = 0;  ///< sum of gain minus what the cell expected
};

class DeviceTrust {
public:
    static constexpr double kTestedSamples = 16;  ///< a device with fewer is not judged
    static constexpr std::size_t kTestedDevices = 4;
    static constexpr double kMemorySamples = 256;
    static constexpr std::size_t kDevicesMax = 8192;

    bool is_believed(std::uint32_t device) const { return !doubted_.contains(device); }

    /// What one task of a device showed.
    struct Sample {
        double weight = 0;  ///< it has in the cell's evidence; 0: it did not enter
        double gain = 0;
        double surprise = 0;
    };
    void add(std::uint32_t device, std::size_t bin, const Sample& sample);

    /// Judges everybody; calls `retract` with the contribution of each device newly doubted.
    template <typename Retract>
    void judge(const Retract& retract) {
        for (const std::uint32_t device : find_doubtful()) {
            retract(devices_[device]);
            devices_[device].counts.fill(0);
            devices_[device].gains.fill(0);
        }
    }

    /// The cell's evidence faded, or was thrown away (0): so much less is there to take back.
    void fade(double keep);

    /// These were doubted before a restart; each is judged again once it was seen often enough.
    void doubt(const std::vector<std::uint32_t>& devices) {
        doubted_.insert(devices.begin(), devices.end());
    }

    const std::set<std::uint32_t>& doubted() const { return doubted_; }

private:
    std::set<std::uint32_t> find_doubtful();  ///< and takes back who is believed again

    std::map<std::uint32_t, Contribution> devices_;
    std::set<std::uint32_t> doubted_;
};

}  // namespace frugal::policy
