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

struct Needs {
    std::uint64_t file_size_bytes = 0;
    std::uint64_t arena_bytes = 0;
    std::uint64_t state_bytes = 0;
};

void add_shortages(std::vector<std::string>& reasons, const Needs& needs,
                   const DeviceClass& device) {
    if (needs.file_size_bytes > device.slot_bytes) {
        reasons.push_back(fmt::format("flash: {} bytes, its slot holds {}", needs.file_size_bytes,
                                      device.slot_bytes));
    }
    if (needs.arena_bytes + needs.state_bytes > device.arena_bytes) {
        reasons.push_back(fmt::format("memory: {} bytes of arena{}, it has {}", needs.arena_bytes,
                                      needs.state_bytes == 0
                                          ? std::string()
                                          : fmt::format(" and {} of state", needs.state_bytes),
                                      device.arena_bytes));
    }
}

}  // namespace

std::span<const DeviceClass> device_classes() {
    return kClasses;
}

std::vector<std::string> reasons_against(const ModelSummary& model, const DeviceClass& device) {
    auto reasons = model.missing;
    add_shortages(reasons, {model.file_size_bytes, model.arena_bytes, model.state_bytes}, device);
    return reasons;
}

// A tree works on the stack; the memory is that of a self-test's input.
std::vector<std::string> reasons_against(const BonsaiSummary& tree, const DeviceClass& device) {
    std::vector<std::string> reasons;
    add_shortages(reasons, {tree.file_size_bytes, tree.inputs, 0}, device);
    return reasons;
}

}  // namespace frugal::model
