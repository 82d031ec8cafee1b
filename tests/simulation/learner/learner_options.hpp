// SPDX-License-Identifier: Apache-2.0
// What a seed of the learner's simulation means: how good devices and edge are, who lies, what goes
// wrong and when. A plain value, printed with every failure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace frugal::simulation {

enum class Lie : std::uint8_t {
    kCertain,  ///< certain of anything, so that asking looks worthless or precious at random
    kPoison,   ///< doubtful and in agreement with the edge, so that asking looks worthless
    kNoise,    ///< random in everything
};

/// A bug built in on purpose, to show that its check finds it.
enum class LearnerPlant : std::uint8_t {
    kNone,
    kDeafDevices,   ///< devices keep the first policy: L1
    kMasks,         ///< every lie comes under a device id of its own, forty times: L2
    kLosesGuard,    ///< pushes drop the owner's guard: L3
    kPushStorm,     ///< the wish is asked for with a clock that runs 600 times too fast: L4
    kForgetsCells,  ///< a restart begins with nothing: L5
    kBoundsFirst,   ///< the owner's bounds come before the limit of a step, not after it: L6
    kMixesGroups,   ///< one class group gets another one's table: L6
};
std::string_view to_string(LearnerPlant plant);
std::string_view invariant_of(LearnerPlant plant);
std::vector<LearnerPlant> all_learner_plants();

struct LearnerOptions {
    std::uint64_t seed = 0;
    std::uint32_t devices = 20;
    std::uint32_t liars = 0;  ///< of them
    Lie lie = Lie::kCertain;
    std::uint32_t tasks = 49'152;   ///< of honest devices, all together
    double doubt = 1;               ///< a device errs with (1 - confidence) x doubt
    double edge = 0.95;             ///< the edge model is right
    bool has_device_fault = false;  ///< half-way: devices turn confidently wrong
    bool has_edge_fault =
        false;                ///< half-way: the edge model turns bad; a canary tells a block later
    std::uint32_t kills = 0;  ///< of the gateway, evenly spread
    bool has_bounds = false;  ///< the owner bounds each class's gains otherwise; L1, L2 not judged
    LearnerPlant plant = LearnerPlant::kNone;
};

LearnerOptions learner_options_of_seed(std::uint64_t seed);
LearnerOptions planted_learner_options(std::uint64_t seed, LearnerPlant plant);
std::string describe(const LearnerOptions& options);

}  // namespace frugal::simulation
