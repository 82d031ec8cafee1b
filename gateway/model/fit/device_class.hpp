// SPDX-License-Identifier: Apache-2.0
// The usual classes of devices and whether a model fits them. What a fleet's own devices hold they
// say themselves (hello); these records are for a workstation without a fleet, and equal what the
// swarm simulates. Constants and pure functions; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/bonsai/bonsai.hpp"
#include "model/tflite/summary.hpp"

namespace frugal::model {

struct DeviceClass {
    std::string_view name;
    std::uint32_t arena_bytes = 0;  ///< working memory; a streaming model's state comes out of it
    std::uint32_t slot_bytes = 0;   ///< flash for one decoded model
};

std::span<const DeviceClass> device_classes();

/// Why a model does not fit; empty if it does. Every reason names what it needs and what there is.
std::vector<std::string> reasons_against(const ModelSummary& model, const DeviceClass& device);
std::vector<std::string> reasons_against(const BonsaiSummary& tree, const DeviceClass& device);

}  // namespace frugal::model
