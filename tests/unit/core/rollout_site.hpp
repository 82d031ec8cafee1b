// SPDX-License-Identifier: Apache-2.0
// What the tests of rollouts begin with, and the words of a device about its update. One per test.
#pragma once

#include "unit/core/site_world.hpp"

namespace frugal::core {

/// Two devices that said hello, and release 1 of model "net", ready to be rolled out.
class RolloutSite : public ::testing::Test {
protected:
    RolloutSite() {
        for (const auto* device : {"a", "b"}) {
            world.enrol(device);
            world.say(device, hello(device));
        }
        world.import(1, 1, 51);
        world.take();
    }
    base::RolloutId start(std::uint32_t release = 1) {
        const auto started =
            world.get<RolloutStarted>(StartRollout{model_name("net"), release, {}});
        world.advance(std::chrono::seconds(1));
        return started.rollout;
    }
    void report(const char* device, UpdatePhase phase, Reason reason = Reason::kNone,
                std::uint32_t counter = 1) {
        const auto view = world.get<DeviceView>(GetDevice{device_id(device)});
        world.say(device, Report{.task = 1,
                                 .desired_version = view.desired_version,
                                 .release = counter,
                                 .phase = phase,
                                 .reason = reason,
                                 .attempt = 1});
    }
    RolloutView view(base::RolloutId id) {
        return world.get<RolloutDetail>(GetRollout{id, {}, 10}).rollout;
    }
    SiteWorld world;
};

}  // namespace frugal::core
