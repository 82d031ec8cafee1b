// SPDX-License-Identifier: Apache-2.0
#include "simulation/learner/learner_options.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/rng.hpp"

namespace frugal::simulation {

namespace {

struct PlantRow {
    LearnerPlant plant;
    std::string_view name;
    std::string_view invariant;
};

constexpr PlantRow kPlants[] = {
    {LearnerPlant::kDeafDevices, "deaf-devices", "L1"},
    {LearnerPlant::kMasks, "masks", "L2"},
    {LearnerPlant::kLosesGuard, "loses-guard", "L3"},
    {LearnerPlant::kPushStorm, "push-storm", "L4"},
    {LearnerPlant::kForgetsCells, "forgets-cells", "L5"},
    {LearnerPlant::kBoundsFirst, "bounds-first", "L6"},
    {LearnerPlant::kMixesGroups, "mixes-groups", "L6"},
};

}  // namespace

std::string_view to_string(LearnerPlant plant) {
    const auto row = std::find_if(std::begin(kPlants), std::end(kPlants),
                                  [plant](const PlantRow& each) { return each.plant == plant; });
    return row == std::end(kPlants) ? "none" : row->name;
}

std::string_view invariant_of(LearnerPlant plant) {
    const auto row = std::find_if(std::begin(kPlants), std::end(kPlants),
                                  [plant](const PlantRow& each) { return each.plant == plant; });
    return row == std::end(kPlants) ? "" : row->invariant;
}

std::vector<LearnerPlant> all_learner_plants() {
    std::vector<LearnerPlant> plants;
    for (const auto& row : kPlants) {
        plants.push_back(row.plant);
    }
    return plants;
}

LearnerOptions learner_options_of_seed(std::uint64_t seed) {
    base::Rng rng(seed * 0x9E3779B97F4A7C15ULL + 4);
    LearnerOptions options;
    options.seed = seed;
    options.devices = 10 + static_cast<std::uint32_t>(rng.below(31));
    options.liars =
        rng.chance(0.5) ? static_cast<std::uint32_t>(rng.below(options.devices * 3 / 10 + 1)) : 0;
    options.lie = static_cast<Lie>(rng.below(3));
    options.doubt = 0.2 + rng.uniform() * 1.2;
    options.edge = 0.85 + rng.uniform() * 0.13;
    options.has_device_fault = rng.chance(0.3);
    options.has_edge_fault = !options.has_device_fault && rng.chance(0.3);
    options.kills = rng.chance(0.5) ? 1 + static_cast<std::uint32_t>(rng.below(6)) : 0;
    options.has_bounds = seed % 4 == 3;
    return options;
}

LearnerOptions planted_learner_options(std::uint64_t seed, LearnerPlant plant) {
    LearnerOptions options = learner_options_of_seed(seed);
    options.plant = plant;
    options.has_device_fault = plant == LearnerPlant::kDeafDevices;
    options.has_edge_fault = false;
    options.kills = plant == LearnerPlant::kForgetsCells ? 4 : 0;
    options.has_bounds = plant == LearnerPlant::kBoundsFirst || plant == LearnerPlant::kMixesGroups;
    if (plant == LearnerPlant::kMasks) {
        options.liars = options.devices * 3 / 10;
        options.lie = Lie::kPoison;
    }
    return options;
}

std::string describe(const LearnerOptions& options) {
    constexpr std::string_view kLies[] = {"certain", "poison", "noise"};
    return fmt::format(
        "seed {}: {} devices, {} of them lie ({}), doubt x {:.2f}, edge {:.3f}, {} kills{}{}{}{}{}",
        options.seed, options.devices, options.liars, kLies[static_cast<std::size_t>(options.lie)],
        options.doubt, options.edge, options.kills,
        options.has_device_fault ? ", device fault" : "",
        options.has_edge_fault ? ", edge fault" : "", options.has_bounds ? ", bounds" : "",
        options.plant == LearnerPlant::kNone ? "" : ", planted ",
        options.plant == LearnerPlant::kNone ? "" : to_string(options.plant));
}

}  // namespace frugal::simulation
