// SPDX-License-Identifier: Apache-2.0
// Which devices of a cell are believed: one whose tasks surprise far more than the median device's
// is left out. A fault that hits the whole class moves the median and leaves nobody out. Owned by a
// cell, one thread. Never more than half of those it can judge are doubted.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace frugal::policy {

class DeviceTrust {
public:
    static constexpr double kTestedSamples = 16;  ///< a device with fewer is not judged
    static constexpr std::size_t kTestedDevices = 4;
    static constexpr double kMemorySamples = 256;
    static constexpr std::size_t kDevicesMax = 8192;
    static constexpr std::size_t kDoubtedMax = kDevicesMax / 2;  ///< a stored cell names no more

    bool is_believed(std::uint32_t device) const { return !doubted_.contains(device); }

    /// `surprise` of one task: its gain minus what the cell expected.
    void add(std::uint32_t device, double surprise);

    /// Judges everybody, and says who is newly doubted.
    std::set<std::uint32_t> judge();

    /// These were doubted before a restart; each is judged again once it was seen often enough.
    void doubt(const std::vector<std::uint32_t>& devices) {
        doubted_.insert(devices.begin(), devices.end());
    }

    const std::set<std::uint32_t>& doubted() const { return doubted_; }

private:
    struct Surprises {  ///< of one device, fading
        double samples = 0;
        double sum = 0;
        double mean() const { return sum / samples; }
    };

    std::map<std::uint32_t, Surprises> devices_;
    std::set<std::uint32_t> doubted_;
};

}  // namespace frugal::policy
