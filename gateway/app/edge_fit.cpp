// SPDX-License-Identifier: Apache-2.0
#include "app/edge_fit.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace frugal::app {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kNamed = 4;  ///< releases in a sentence
constexpr std::size_t kFloatBytes = 4;

/// "784 bytes (fashion@1, fashion@2)" for each size that is not `fits`.
std::string others(const std::vector<DeviceInput>& devices, std::size_t fits) {
    std::set<std::uint32_t> sizes;
    for (const auto& device : devices) {
        if (device.bytes != fits) {
            sizes.insert(device.bytes);
        }
    }
    std::vector<std::string> parts;
    for (const auto size : sizes) {
        std::vector<std::string> names;
        for (const auto& device : devices) {
            const bool is_new = std::ranges::find(names, device.release) == names.end();
            if (device.bytes == size && is_new && names.size() < kNamed) {
                names.push_back(device.release);
            }
        }
        parts.push_back(fmt::format("{} bytes ({})", size, fmt::join(names, ", ")));
    }
    return fmt::format("{}", fmt::join(parts, " or "));
}

}  // namespace

Result<std::string> check_edge_fit(const EdgeShape& edge, std::size_t labels,
                                   const std::vector<DeviceInput>& devices) {
    const auto what =
        fmt::format("edge model {} does not fit task {}: not set", edge.name, edge.task);
    if (labels != 0 && edge.classes != labels) {
        return fail(ErrorKind::kConflict, what,
                    fmt::format("it has {} classes, the task has {}", edge.classes, labels),
                    "Name a model with the task's classes, in their order.");
    }
    const auto fits = [&edge](const DeviceInput& device) {
        return device.bytes == edge.input_bytes;
    };
    if (!devices.empty() && std::ranges::none_of(devices, fits)) {
        const bool is_float = std::ranges::any_of(devices, [&edge](const DeviceInput& device) {
            return device.bytes * kFloatBytes == edge.input_bytes;
        });
        return fail(ErrorKind::kConflict, what,
                    fmt::format("it takes {} bytes, the task's devices send {}", edge.input_bytes,
                                others(devices, edge.input_bytes)),
                    is_float ? "Export it with an int8 input, or as ONNX: devices send one byte an "
                               "element."
                             : "Name a model that takes the input of the devices' models.");
    }
    if (std::ranges::all_of(devices, fits)) {
        return std::string();
    }
    return fmt::format(
        "It takes {} bytes: devices whose models take {} are refused and keep their own answers.",
        edge.input_bytes, others(devices, edge.input_bytes));
}

}  // namespace frugal::app
