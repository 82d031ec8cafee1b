// SPDX-License-Identifier: Apache-2.0
#include "core/rollout/energy.hpp"

#include <string_view>

#include "base/any_class.hpp"
#include "frugal/energy.h"

namespace frugal::core {

namespace {

struct UsualCost {
    std::string_view device_class;
    InferenceCost cost;
};

#define FRUGAL_COMPUTE(name, inference_nj, mac_pj, source) {#name, {inference_nj, mac_pj}},
constexpr UsualCost kUsual[] = {FR_ENERGY_COMPUTE(FRUGAL_COMPUTE)};
#undef FRUGAL_COMPUTE

// How closely a line is meant: the class says more than the task.
int closeness(const EnergyBudget& line, std::uint32_t task, const base::ClassName& device_class) {
    const bool is_class = line.device_class == device_class;
    if ((!is_class && line.device_class != base::any_class()) ||
        (line.task && *line.task != task)) {
        return 0;
    }
    return 1 + (line.task ? 1 : 0) + (is_class ? 2 : 0);
}

}  // namespace

InferenceCost usual_cost(const base::ClassName& device_class) {
    for (const auto& usual : kUsual) {
        if (usual.device_class == device_class.text()) {
            return usual.cost;
        }
    }
    return {};
}

EnergyBound energy_bound(const std::vector<EnergyBudget>& budgets, std::uint32_t task,
                         const base::ClassName& device_class) {
    EnergyBound bound{.cost = usual_cost(device_class)};
    int closest = 0;
    for (const auto& line : budgets) {
        const int close = closeness(line, task, device_class);
        if (close <= closest) {
            continue;
        }
        closest = close;
        bound.budget_uj = line.budget_uj;
        bound.cost = line.picojoules_per_operation != 0
                         ? InferenceCost{0, line.picojoules_per_operation}
                         : usual_cost(device_class);
    }
    return bound;
}

std::uint64_t estimated_energy_uj(std::uint32_t multiply_accumulates, const InferenceCost& cost) {
    constexpr std::uint64_t kPicojoules = 1'000'000;
    constexpr std::uint64_t kPerNanojoule = 1'000;
    if (multiply_accumulates == 0 || cost.picojoules_per_operation == 0) {
        return 0;
    }
    const auto total = cost.base_nj * kPerNanojoule +
                       std::uint64_t{multiply_accumulates} * cost.picojoules_per_operation;
    return (total + kPicojoules - 1) / kPicojoules;
}

}  // namespace frugal::core
