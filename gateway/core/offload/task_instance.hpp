// SPDX-License-Identifier: Apache-2.0
// Which task instance of which device: one answer each. Plain value.
#pragma once

#include <compare>
#include <cstdint>

#include "base/ids.hpp"
#include "core/numbers.hpp"

namespace frugal::core {

struct TaskInstance {
    DeviceNumber device{};
    base::StreamId stream{};
    std::uint64_t sequence = 0;
    auto operator<=>(const TaskInstance&) const = default;
};

}  // namespace frugal::core
