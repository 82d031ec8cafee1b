// SPDX-License-Identifier: Apache-2.0
// What an inference is estimated to cost on a class of devices, and what it may cost by the owner's
// word. An estimate: on one chip two software stacks differ by a factor of 2 to 4, so an owner who
// measured states the constant. Pure functions, integer arithmetic, any thread.
#pragma once

#include "core/config.hpp"

namespace frugal::core {

/// The energy of an inference is taken as base + operations x constant.
struct InferenceCost {
    std::uint32_t base_nj = 0;                   ///< whatever the network
    std::uint32_t picojoules_per_operation = 0;  ///< a multiply-accumulate; 0: unknown
};

/// FR_ENERGY_COMPUTE of frugal/energy.h, with its sources; a class not in it is unknown.
InferenceCost usual_cost(const base::ClassName& device_class);

struct EnergyBound {
    InferenceCost cost{};
    std::optional<std::uint32_t> budget_uj{};  ///< absent: no bound
};

/// The line of the task and class; else of the class, of the task and "any", of "any".
EnergyBound energy_bound(const std::vector<EnergyBudget>& budgets, std::uint32_t task,
                         const base::ClassName& device_class);

/// Microjoules of an inference, rounded up; 0 if work or constant are unknown.
std::uint64_t estimated_energy_uj(std::uint32_t multiply_accumulates, const InferenceCost& cost);

}  // namespace frugal::core
