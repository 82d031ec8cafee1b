// SPDX-License-Identifier: Apache-2.0
// A site with three devices and an edge model for task 1, for the tests of the escalation desk. The
// engines answer when a test says so. One per test.
#pragma once

#include "unit/core/site_world.hpp"

namespace frugal::core {

inline CoreConfig small_offload_config() {
    CoreConfig config;
    config.offload.queue_limit = 4;
    config.offload.batch_max = 1;
    config.offload.first_service_time = std::chrono::milliseconds(10);
    config.offload.return_allowance = std::chrono::milliseconds(1);
    return config;
}

class EscalationWorld : public ::testing::Test {
protected:
    explicit EscalationWorld(const CoreConfig& config = small_offload_config()) : world(config) {
        for (const auto* device : {"a", "b", "c"}) {
            world.enrol(device);
            world.say(device, hello(device));
        }
        world.get<Done>(SetEdgeModel{
            {.task = 1, .digest = digest_of(80), .name = "big", .input_bytes = 3}, {}});
        world.take();
    }
    void escalate(const char* device, std::uint64_t sequence, std::uint32_t deadline_ms = 1000,
                  PolicyReason reason = PolicyReason::kEscalateGain, std::uint32_t task = 1,
                  base::Bytes features = {1, 2, 3}) {
        Escalate message;
        message.stream = {7};
        message.sequence = sequence;
        message.task = task;
        message.deadline_ms = deadline_ms;
        message.local_class = 2;
        message.policy_reason = reason;
        message.features = Features(std::move(features));
        world.say(device, std::move(message));
    }
    /// Answers the inference that was asked for next, every input of it.
    void finish(std::chrono::milliseconds service = std::chrono::milliseconds(10),
                std::uint32_t class_id = 5) {
        const auto asked = world.performed<Infer>();
        ASSERT_GT(asked.size(), finished);
        InferenceDone done{asked[finished]->work, {}, service};
        done.answers.assign(asked[finished++]->inputs.size(), EdgeAnswer{class_id, 240, 0xABCD});
        world.now.instant = world.now.instant + service;
        world.give(std::move(done));
    }
    void fail(std::chrono::milliseconds service = std::chrono::milliseconds(10)) {
        const auto asked = world.performed<Infer>();
        ASSERT_GT(asked.size(), finished);
        InferenceDone done{asked[finished]->work, {}, service};
        done.answers.assign(asked[finished++]->inputs.size(),
                            base::fail(base::ErrorKind::kInternal, "engine"));
        world.now.instant = world.now.instant + service;
        world.give(std::move(done));
    }
    std::vector<Verdict> verdicts(const char* device) { return world.sent<Verdict>(device); }
    EscalationStatistics statistics() {
        return world.get<EscalationStatistics>(GetEscalationStatistics{});
    }
    SiteWorld world;
    std::size_t finished = 0;
};

}  // namespace frugal::core
