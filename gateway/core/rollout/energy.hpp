// SPDX-License-Identifier: Apache-2.0
// What an inference is estimated to cost on a class of devices, and what it may cost by the owner's
// word. An estimate: on one chip two software stacks differ by a factor of 2 to 4, so an owner who
// measured states the constant. Pure functions, integer arithmetic, any thread.
#pragma once

#include "core/config.hpp"

namespace frugal::core {

/// Picojoules of one multiply-accumulate on the usual classes; 0 for a class nobody knows.
/// Source: MLPerf Tiny closed division, energy of the keyword model (2.66 M multiply-accumulates):
/// m4 = NUCLEO-L4R5ZI (round 1.2, 1,820 uJ), tiny = NUCLEO-U385RG (round 1.3, 245 uJ),
/// esp32 = NUCLEO-H7A3ZI in its stead (round 1.2, 1,376 uJ; nobody submitted an ESP32).
std::uint32_t usual_picojoules(const base::ClassName& device_class);

struct EnergyBound {
    std::uint32_t picojoules_per_operation = 0;  ///< 0: unknown
    std::optional<std::uint32_t> budget_uj{};    ///< absent: no bound
};

/// The line of the task and class; else of the class, of the task and "any", of "any".
EnergyBound energy_bound(const std::vector<EnergyBudget>& budgets, std::uint32_t task,
                         const base::ClassName& device_class);

/// Microjoules of an inference, rounded up; 0 if work or constant are unknown.
std::uint64_t estimated_energy_uj(std::uint32_t multiply_accumulates,
                                  std::uint32_t picojoules_per_operation);

}  // namespace frugal::core
