// SPDX-License-Identifier: Apache-2.0
// I18: when faults stop, everything comes to an end: streams drained, rollouts over, every device
// on the model it should run or with a reason why not. Asks the gateway as a person would, and
// looks at the devices. Owned by the world; single-threaded.
#pragma once

#include <set>
#include <string>

#include "simulation/world/fault_injector.hpp"

namespace frugal::simulation {

class Liveness {
public:
    Liveness(const Context& context, GatewayHost& gateway, Devices& devices)
        : context_(context), gateway_(gateway), devices_(devices) {}

    /// Asks the gateway how things stand; the answers come with the next steps of time.
    void look();

    /// Nothing is under way any more. Otherwise `why` says what is.
    bool is_settled(std::string& why) const;
    bool is_drained(std::string& why) const;

    /// Reports what is not as it must be at the end of the budget.
    void judge();

private:
    struct Standing {
        core::DeviceState state = core::DeviceState::kRegistered;
        std::vector<core::DesiredView> desired;
        std::uint64_t marks = 0;
    };
    bool is_exempt(const DeviceHost& device) const;
    /// 0 if the gateway does not know the release.
    std::uint32_t counter_of(const core::DesiredView& desired) const;
    void judge_device(const DeviceHost& device, const Standing& standing);

    const Context& context_;
    GatewayHost& gateway_;
    Devices& devices_;
    bool has_view_ = false;
    std::uint32_t running_ = 0;
    std::map<std::string, Standing> standings_;
    std::map<std::pair<std::string, std::uint32_t>, std::uint32_t> counters_;  ///< by release
};

}  // namespace frugal::simulation
