// SPDX-License-Identifier: Apache-2.0
#include "model/fit/device_class.hpp"

#include <fmt/format.h>

#include <array>

namespace frugal::model {

namespace {

constexpr std::array kClasses = {
    DeviceClass{"tiny", 2 * 1024, 16 * 1024},
    DeviceClass{"m4", 64 * 1024, 256 * 1024},
    DeviceClass{"esp32", 256 * 1024, 1024 * 1024},
};

}  // namespace

std::span<const DeviceClass> device_classes() {
    return kClasses;
}

std::vector<std::string> reasons_against(const ModelSummary& model, const DeviceClass& device) {
    std::vector<std::string> reasons = model.missing;
    if (model.file_size_bytes > device.slot_bytes) {
        reasons.push_back(fmt::format("flash: {} bytes, its slot holds {}", model.file_size_bytes,
                                      device.slot_bytes));
    }
    const std::uint64_t memory = model.arena_bytes + model.state_bytes;
    if (memory > device.arena_bytes) {
        reasons.push_back(fmt::format("memory: {} bytes of arena{}, it has {}", model.arena_bytes,
                                      model.state_bytes == 0
                                          ? std::string()
                                          : fmt::format(" and {} of state", model.state_bytes),
                                      device.arena_bytes));
    }
    return reasons;
}

}  // namespace frugal::model
