// SPDX-License-Identifier: Apache-2.0
#include "core/fleet/registry.hpp"

#include "base/assert.hpp"

namespace frugal::core {

Registry::Registry(std::vector<DeviceRecord> records) {
    lookup_.reserve(records.size());
    for (auto& record : records) {
        add(std::move(record));
    }
}

Device* Registry::find(const base::DeviceId& id) {
    const auto found = lookup_.find(id);
    return found == lookup_.end() ? nullptr : &devices_[index_of(found->second)];
}

const Device* Registry::find(const base::DeviceId& id) const {
    const auto found = lookup_.find(id);
    return found == lookup_.end() ? nullptr : &devices_[index_of(found->second)];
}

base::Result<Device*> Registry::get(const base::DeviceId& id) {
    if (Device* device = find(id)) {
        return device;
    }
    return base::fail(base::ErrorKind::kNotFound, "device " + id.text() + " is not known", {},
                      "Add it first, or check the spelling");
}

Device& Registry::at(DeviceNumber number) {
    FRUGAL_ASSERT(index_of(number) < devices_.size());
    return devices_[index_of(number)];
}

const Device& Registry::at(DeviceNumber number) const {
    FRUGAL_ASSERT(index_of(number) < devices_.size());
    return devices_[index_of(number)];
}

Device& Registry::add(DeviceRecord record) {
    FRUGAL_ASSERT(index_of(record.number) == devices_.size());
    lookup_.emplace(record.id, record.number);
    by_id_.emplace(record.id, record.number);
    auto& device = devices_.emplace_back(Device{.record = std::move(record)});
    if (device.record.capability) {
        device.presence = Presence::kSilent;
    }
    return device;
}

}  // namespace frugal::core
