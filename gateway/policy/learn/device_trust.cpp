// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/device_trust.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace frugal::policy {

namespace {

constexpr double kSlack = 0.2;  // mean surprise, in wrong answers a task, that is nobody's fault
constexpr double kSigmas = 3;
constexpr double kLargestSigma = 0.5;  // of one task's gain

double median(std::vector<double>& values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

}  // namespace

void DeviceTrust::add(std::uint32_t device, double surprise) {
    if (devices_.size() >= kDevicesMax && !devices_.contains(device)) {
        return;
    }
    Surprises& one = devices_[device];
    const double keep = 1 - 1 / kMemorySamples;
    one.samples = one.samples * keep + 1;
    one.sum = one.sum * keep + surprise;
}

std::set<std::uint32_t> DeviceTrust::judge() {
    std::vector<double> means;
    // Those doubted before a restart that have not come back say nothing of how many lie now.
    std::size_t doubted = 0;
    for (const auto& [device, one] : devices_) {
        if (one.samples >= kTestedSamples) {
            means.push_back(one.mean());
            doubted += is_believed(device) ? 0 : 1;
        }
    }
    if (means.size() < kTestedDevices) {
        return {};
    }
    const double usual = median(means);
    std::set<std::uint32_t> doubtful;
    for (const auto& [device, one] : devices_) {
        if (one.samples < kTestedSamples) {
            continue;
        }
        const double far = std::abs(one.mean() - usual);
        const double limit = kSlack + kSigmas * kLargestSigma / std::sqrt(one.samples);
        if (far > limit && doubted * 2 < means.size() && doubted_.size() < kDoubtedMax &&
            is_believed(device)) {
            doubted_.insert(device);
            doubtful.insert(device);
            ++doubted;
        } else if (far < limit / 2) {
            doubted -= doubted_.erase(device);
        }
    }
    return doubtful;
}

}  // namespace frugal::policy
