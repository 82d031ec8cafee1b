// SPDX-License-Identifier: Apache-2.0
// All devices of the site, found by id or by number. Owned by the core. Devices are never removed:
// a revoked one must stay known, and rows name devices by number.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "core/fleet/device.hpp"
#include "core/step.hpp"

namespace frugal::core {

class Registry {
public:
    explicit Registry(std::vector<DeviceRecord> records);

    /// Null if there is no such device.
    Device* find(const base::DeviceId& id);
    const Device* find(const base::DeviceId& id) const;

    /// The device, or kNotFound with a remedy.
    base::Result<Device*> get(const base::DeviceId& id);

    Device& at(DeviceNumber number);
    const Device& at(DeviceNumber number) const;

    /// Adds a device the registry does not have yet.
    Device& add(DeviceRecord record);

    std::uint32_t size() const { return static_cast<std::uint32_t>(devices_.size()); }

    /// In order of their numbers.
    std::deque<Device>& devices() { return devices_; }
    const std::deque<Device>& devices() const { return devices_; }

    /// In order of their ids, for pages.
    const std::map<base::DeviceId, DeviceNumber>& by_id() const { return by_id_; }

private:
    std::deque<Device> devices_;  ///< references stay valid when a device is added
    std::map<base::DeviceId, DeviceNumber> by_id_;
    std::unordered_map<base::DeviceId, DeviceNumber> lookup_;  ///< never iterated
};

}  // namespace frugal::core
