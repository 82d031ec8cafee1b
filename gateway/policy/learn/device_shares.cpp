// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/device_shares.hpp"

#include <algorithm>
#include <cmath>

namespace frugal::policy {

void DeviceShares::add(std::uint32_t device, const Part& part) {
    if (parts_ >= kPartsMax && !devices_.contains(device)) {
        return;
    }
    auto& parts = devices_[device];
    const auto same = std::ranges::find_if(parts, [&part](const Part& one) {
        return one.bin == part.bin && one.column == part.column;
    });
    if (same != parts.end()) {
        same->count += part.count;
        same->gain += part.gain;
    } else if (parts_ < kPartsMax) {
        parts.push_back(part);
        ++parts_;
    }
}

void DeviceShares::fade(double keep) {
    const auto factor = static_cast<float>(keep);
    for (auto& [device, parts] : devices_) {
        for (Part& part : parts) {
            part.count *= factor;
            part.gain *= factor;
        }
        parts_ -= std::erase_if(parts, [](const Part& part) {
            return part.count < kLeast && std::abs(part.gain) < kLeast;
        });
        if (parts.capacity() > 2 * parts.size()) {
            parts.shrink_to_fit();
        }
    }
    std::erase_if(devices_, [](const auto& entry) { return entry.second.empty(); });
}

std::vector<DeviceShares::Part> DeviceShares::take(std::uint32_t device) {
    auto node = devices_.extract(device);
    if (node.empty()) {
        return {};
    }
    parts_ -= node.mapped().size();
    return std::move(node.mapped());
}

}  // namespace frugal::policy
