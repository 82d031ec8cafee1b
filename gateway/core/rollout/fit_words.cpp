// SPDX-License-Identifier: Apache-2.0
// What a variant lacks, in words.
#include <array>

#include "core/rollout/fit.hpp"

namespace frugal::core {

namespace {

// clang-format off
constexpr std::array<std::string_view, 14> kNeeds = {
    "task", "device-class", "runtime", "operator", "arena", "state", "flash", "input", "classes",
    "energy", "counter", "decoder", "block", "staging"};
// clang-format on

std::string two(std::string_view before, std::uint64_t needed, std::string_view between,
                std::uint64_t available, std::string_view after = {}) {
    return std::string(before) + std::to_string(needed) + std::string(between) +
           std::to_string(available) + std::string(after);
}

std::string describe_operator(const Shortfall& shortfall) {
    const auto wanted = shortfall.needed;
    return two("needs operator ", wanted / 256, " in version ", wanted % 256) +
           (shortfall.available == 0
                ? std::string(", the device has none")
                : ", the device has version " + std::to_string(shortfall.available));
}

}  // namespace

std::string_view to_string(Need need) {
    return kNeeds[static_cast<std::size_t>(need)];
}

std::string describe(const Shortfall& lack) {
    switch (lack.need) {
        case Need::kTask:
            return "is for task " + std::to_string(lack.needed) +
                   ", which the device does not decide";
        case Need::kDeviceClass:
            return "is built for another device class";
        case Need::kRuntimeAbi:
            return two("needs runtime ABI ", lack.needed, ", the device has ", lack.available);
        case Need::kOperator:
            return describe_operator(lack);
        case Need::kArena:
            return two("needs ", lack.needed, " bytes of arena, the device has ", lack.available);
        case Need::kState:
            return two("keeps ", lack.needed, " bytes of state, the task has ", lack.available);
        case Need::kSlot:
            return two("is ", lack.needed, " bytes, a slot holds ", lack.available);
        case Need::kInput:
            return two("takes an input of ", lack.needed, " bytes, the task gives ",
                       lack.available);
        case Need::kClasses:
            return two("tells ", lack.needed, " classes apart, the task has ", lack.available);
        case Need::kEnergy:
            return two("is estimated at ", lack.needed, " uJ an inference, the bound is ",
                       lack.available, " uJ");
        case Need::kCounter:
            return two("has counter ", lack.needed, ", the device has burned ", lack.available);
        case Need::kDecoder:
            return two("needs ", lack.needed,
                       " bytes or another profile to decode, the device has ", lack.available,
                       " bytes");
        case Need::kBlock:
            return two("comes in blocks of ", lack.needed, " bytes at least, the device takes ",
                       lack.available);
        case Need::kStaging:
            return two("travels in ", lack.needed, " bytes, staging holds ", lack.available);
    }
    return {};
}

}  // namespace frugal::core
