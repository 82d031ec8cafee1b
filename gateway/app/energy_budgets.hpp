// SPDX-License-Identifier: Apache-2.0
// The owner's energy bounds as one line of the configuration: "[TASK:]CLASS=BUDGET_UJ[@PICOJOULES]"
// separated by commas. Pure function, any thread.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/config.hpp"

namespace frugal::app {

/// kInvalidInput, naming the entry that is not understood.
base::Result<std::vector<core::EnergyBudget>> parse_energy_budgets(std::string_view text);

}  // namespace frugal::app
