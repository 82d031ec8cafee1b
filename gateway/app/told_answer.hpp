// SPDX-License-Identifier: Apache-2.0
// Finds what a device told of one decision in its last health. Pure, any thread.
#pragma once

#include "core/admin.hpp"
#include "storage/reader.hpp"

namespace frugal::app {

/// The device's own record of a stored decision; null if it is not among its last answers. Devices
/// tell the low 16 bits of a number: they are of the number next to the newest stored.
const core::RecentAnswer* told_answer(const storage::DecisionRow& row,
                                      const core::DeviceView& device);

}  // namespace frugal::app
