// SPDX-License-Identifier: Apache-2.0
// The way back: rollouts that are aborted or taken back, and devices that were away meanwhile.
#include "unit/core/rollout_site.hpp"

namespace frugal::core {
namespace {

class GoingBack : public RolloutSite {
protected:
    static ImportRelease permit_of(const RollbackPlan& plan) {
        auto content = manifest_content("net", plan.release, plan.counter);
        content.model_digest = plan.restores->variants[0].manifest->content().model_digest;
        return {.model = model_name("net"),
                .release = plan.release,
                .counter = plan.counter,
                .task = 1,
                .variants = {{signed_manifest(content), plan.restores->variants[0].artifacts}}};
    }
    base::RolloutId roll_back(base::RolloutId bad) {
        const auto plan = world.get<RollbackPlan>(PlanRollback{bad});
        const auto id = world.get<RolloutStarted>(RollbackRollout{bad, permit_of(plan)}).rollout;
        world.advance(std::chrono::seconds(1));
        return id;
    }
    void both_confirm(std::uint32_t counter) {
        for (const auto* device : {"a", "b"}) {
            report(device, UpdatePhase::kConfirmed, Reason::kNone, counter);
        }
    }
    void abort(base::RolloutId id) {
        world.take();
        world.get<Done>(AbortRollout{id});
        world.advance(std::chrono::seconds(1));
    }
    void quarantine(const char* device) {
        world.say(device, decisions(0, 8));
        auto other = decisions(4, 8);
        other.classes[1] = 9;
        world.say(device, other);
        ASSERT_EQ(world.get<DeviceView>(GetDevice{device_id(device)}).state,
                  DeviceState::kQuarantined);
    }
    void release(const char* device) {
        world.take();
        world.get<Done>(ReleaseDevice{device_id(device)});
        world.advance(std::chrono::seconds(1));
    }
    std::uint32_t told_counter(const char* device) {
        const auto sent = world.sent<Desired>(device);
        return sent.empty() || sent.back().tasks.empty()
                   ? 0
                   : sent.back().tasks[0].manifest->content().counter;
    }
};

TEST_F(GoingBack, AbortStopsOffersAndGivesBackTheFormerWish) {
    const auto first = start();
    both_confirm(1);
    world.import(2, 2, 52);
    const auto second = start(2);
    report("a", UpdatePhase::kConfirmed, Reason::kNone, 2);
    abort(second);
    EXPECT_EQ(view(second).record.status, RolloutStatus::kAborted);
    EXPECT_EQ(world.standing(second, "b").state, RolloutState::kCancelled);
    ASSERT_FALSE(world.sent<Desired>("b").empty());
    EXPECT_EQ(world.sent<Desired>("b").back().tasks[0].manifest->content().release, 1U);
    EXPECT_TRUE(world.sent<Desired>("a").empty()) << "confirmed stays";
    EXPECT_EQ(world.standing(first, "b").state, RolloutState::kConfirmed);
    EXPECT_FALSE(world.ask(AbortRollout{second})) << "twice makes no sense";
}

TEST_F(GoingBack, AbortGivesTheFormerModelBackToADeviceThatLostIt) {
    const auto first = start();
    both_confirm(1);
    world.import(2, 2, 52);
    const auto second = start(2);
    // Its only slot was given up for the second release, which failed there.
    auto lost = hello("a");
    lost.capability.slots = 1;
    lost.desired_version = world.get<DeviceView>(GetDevice{device_id("a")}).desired_version;
    lost.tasks[0].phase = UpdatePhase::kReverted;
    lost.tasks[0].reason = Reason::kSelfTestFailed;
    lost.tasks[0].burned_counter = 1;
    lost.tasks[0].other_digest = digest_of(52);  // it may still lie in the slot
    world.say("a", lost);
    EXPECT_EQ(world.standing(second, "a").state, RolloutState::kReverted);
    abort(second);
    ASSERT_FALSE(world.sent<Desired>("a").empty());
    ASSERT_EQ(world.sent<Desired>("a").back().tasks.size(), 1U);
    const auto given = world.sent<Desired>("a").back().tasks[0];
    EXPECT_EQ(given.manifest->content().counter, 1U) << "the counter it burned";
    EXPECT_TRUE(given.artifact);
    world.say("a", lost);
    EXPECT_EQ(world.standing(first, "a").state, RolloutState::kOffered) << "until it runs it again";
}

TEST_F(GoingBack, RollsBackUnderAPermitWithAHigherCounter) {
    start();
    report("a", UpdatePhase::kConfirmed);
    world.import(2, 2, 52);
    const auto bad = start(2);
    report("a", UpdatePhase::kConfirmed, Reason::kNone, 2);

    const auto plan = world.get<RollbackPlan>(PlanRollback{bad});
    EXPECT_EQ(plan.restores->release, 1U);
    EXPECT_EQ(plan.counter, 3U);
    const auto permit = permit_of(plan);
    auto foreign = permit;
    auto content = manifest_content("net", plan.release, plan.counter);
    content.model_digest = digest_of(99);
    foreign.variants[0].manifest = signed_manifest(content);
    EXPECT_FALSE(world.ask(RollbackRollout{bad, foreign})) << "another model than before";

    const auto started = world.get<RolloutStarted>(RollbackRollout{bad, permit});
    world.take();
    auto again = hello("a");
    again.tasks[0] = {.task = 1,
                      .release = 2,
                      .model_digest = digest_of(52),
                      .phase = UpdatePhase::kConfirmed,
                      .burned_counter = 2,
                      .other_digest = digest_of(51)};
    world.say("a", again);
    const auto desired = world.sent<Desired>("a").back();
    EXPECT_EQ(desired.tasks.at(0).manifest->content().counter, 3U);
    EXPECT_FALSE(desired.tasks.at(0).artifact) << "the other slot still holds it";
    report("a", UpdatePhase::kConfirmed, Reason::kNone, 3);
    EXPECT_EQ(world.standing(started.rollout, "a").state, RolloutState::kConfirmed);
    EXPECT_EQ(view(bad).record.status, RolloutStatus::kRolledBack);
    EXPECT_EQ(view(started.rollout).record.undoes, bad);

    world.import(4, 4, 54);
    const auto plan_again = world.get<RollbackPlan>(PlanRollback{start(4)});
    EXPECT_EQ(plan_again.restores->release, 1U) << "not the release that was taken back";
}

TEST_F(GoingBack, WhoWasInQuarantineMeanwhileDoesNotGetTheBadReleaseBack) {
    start();
    both_confirm(1);
    world.import(2, 2, 52);
    const auto bad = start(2);
    report("a", UpdatePhase::kConfirmed, Reason::kNone, 2);
    quarantine("b");
    const auto permit = roll_back(bad);
    EXPECT_EQ(world.standing(permit, "b").state, RolloutState::kQuarantined);
    report("a", UpdatePhase::kConfirmed, Reason::kNone, 3);
    EXPECT_EQ(view(permit).record.status, RolloutStatus::kFinished) << "nobody is waited for";
    release("b");
    EXPECT_EQ(told_counter("b"), 3U);
    EXPECT_EQ(world.standing(permit, "b").state, RolloutState::kOffered);
}

TEST_F(GoingBack, WhoWasInQuarantineMeanwhileGetsWhatBeganForAll) {
    const auto first = start();
    quarantine("b");
    world.import(2, 2, 52);
    const auto second = start(2);
    ASSERT_EQ(view(second).total, 1U);
    release("b");
    EXPECT_EQ(told_counter("b"), 2U);
    EXPECT_EQ(world.standing(first, "b").state, RolloutState::kCancelled);
    EXPECT_EQ(world.standing(second, "b").state, RolloutState::kOffered);
}

TEST_F(GoingBack, AnAbortDoesNotGiveBackWhatWasTakenBack) {
    start();
    both_confirm(1);
    world.import(2, 2, 52);
    const auto bad = start(2);
    both_confirm(2);
    const auto permit = roll_back(bad);  // release 3
    report("a", UpdatePhase::kConfirmed, Reason::kNone, 3);
    world.import(4, 4, 54);
    const auto fix = start(4);
    EXPECT_EQ(world.standing(permit, "b").state, RolloutState::kCancelled);
    abort(fix);
    EXPECT_EQ(told_counter("b"), 3U) << "the permit, not the release it took back";
    EXPECT_EQ(world.standing(permit, "b").state, RolloutState::kOffered);
    EXPECT_EQ(view(permit).record.status, RolloutStatus::kRunning);
    report("b", UpdatePhase::kConfirmed, Reason::kNone, 3);
    EXPECT_EQ(view(permit).record.status, RolloutStatus::kFinished);
}

TEST_F(GoingBack, AnAbortedPermitTookNothingBack) {
    start();
    report("a", UpdatePhase::kConfirmed);
    world.import(2, 2, 52);
    const auto bad = start(2);
    report("a", UpdatePhase::kConfirmed, Reason::kNone, 2);
    const auto permit = roll_back(bad);
    abort(permit);
    EXPECT_EQ(told_counter("a"), 2U) << "what it runs";
    EXPECT_EQ(view(permit).record.status, RolloutStatus::kAborted);
    EXPECT_EQ(world.standing(permit, "a").state, RolloutState::kCancelled);
}

TEST_F(GoingBack, AnAbortGivesNothingToWhoIsOutOfService) {
    start();
    both_confirm(1);
    world.import(2, 2, 52);
    const auto bad = start(2);
    both_confirm(2);
    const auto permit = roll_back(bad);
    report("a", UpdatePhase::kConfirmed, Reason::kNone, 3);
    world.import(4, 4, 54);
    const auto fix = start(4);
    world.get<Done>(RevokeDevice{device_id("b")});
    world.get<Done>(AbortRollout{fix});
    world.advance(std::chrono::seconds(1));
    EXPECT_EQ(world.standing(permit, "b").state, RolloutState::kCancelled);
    EXPECT_EQ(view(permit).record.status, RolloutStatus::kFinished);
}

TEST_F(GoingBack, AFullCatalogueStillHasAWayBack) {
    CoreConfig config;
    config.rollout.release_limit = 2;
    SiteWorld full(config);
    full.enrol("a");
    full.import(1, 1, 51);
    full.import(2, 2, 52);
    const auto bad = full.get<RolloutStarted>(StartRollout{model_name("net"), 2, {}}).rollout;
    const auto plan = full.get<RollbackPlan>(PlanRollback{bad});
    EXPECT_TRUE(full.ask(RollbackRollout{bad, permit_of(plan)}));
    auto third = permit_of(plan);
    third.release = third.counter = 4;
    EXPECT_FALSE(full.ask(third));
}

}  // namespace
}  // namespace frugal::core
