// SPDX-License-Identifier: Apache-2.0
#include "core/rollout/energy.hpp"

#include <string_view>
#include <utility>

namespace frugal::core {

namespace {

constexpr std::pair<std::string_view, std::uint32_t> kUsual[] = {
    {"tiny", 92},
    {"m4", 684},
    {"esp32", 517},
};

// How closely a line is meant: the class says more than the task.
int closeness(const EnergyBudget& line, std::uint32_t task, const base::ClassName& device_class) {
    const bool is_class = line.device_class == device_class;
    if ((!is_class && line.device_class.text() != "any") || (line.task && *line.task != task)) {
        return 0;
    }
    return 1 + (line.task ? 1 : 0) + (is_class ? 2 : 0);
}

}  // namespace

std::uint32_t usual_picojoules(const base::ClassName& device_class) {
    for (const auto& [name, picojoules] : kUsual) {
        if (name == device_class.text()) {
            return picojoules;
        }
    }
    return 0;
}

EnergyBound energy_bound(const std::vector<EnergyBudget>& budgets, std::uint32_t task,
                         const base::ClassName& device_class) {
    EnergyBound bound{.picojoules_per_operation = usual_picojoules(device_class)};
    int closest = 0;
    for (const auto& line : budgets) {
        const int close = closeness(line, task, device_class);
        if (close <= closest) {
            continue;
        }
        closest = close;
        bound.budget_uj = line.budget_uj;
        bound.picojoules_per_operation = line.picojoules_per_operation != 0
                                             ? line.picojoules_per_operation
                                             : usual_picojoules(device_class);
    }
    return bound;
}

std::uint64_t estimated_energy_uj(std::uint32_t multiply_accumulates,
                                  std::uint32_t picojoules_per_operation) {
    constexpr std::uint64_t kPicojoules = 1'000'000;
    const auto total = std::uint64_t{multiply_accumulates} * picojoules_per_operation;
    return (total + kPicojoules - 1) / kPicojoules;
}

}  // namespace frugal::core
