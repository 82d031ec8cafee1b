// SPDX-License-Identifier: Apache-2.0
// A rollout is for devices that decide its task, and a wish for a task nobody decides holds no
// place.
#include "unit/core/rollout_site.hpp"

namespace frugal::core {
namespace {

using RolloutTasks = RolloutSite;

TEST_F(RolloutTasks, IsForWhoDecidesItsTask) {
    auto other = hello("other");
    other.tasks[0].task = 2;
    world.enrol("other");
    world.say("other", other);
    const auto all = start();
    EXPECT_EQ(view(all).total, 2U) << "all who decide the task";
    const auto listed = world.ask(StartRollout{model_name("net"), 1, {{device_id("other")}}});
    ASSERT_FALSE(listed);
    EXPECT_NE(listed.error().cause.find("does not decide"), std::string::npos)
        << listed.error().describe();
}

TEST_F(RolloutTasks, DoesNotWaitForWhoTurnsOutToDecideOtherTasks) {
    world.enrol("other");
    const auto id = start();
    EXPECT_EQ(world.standing(id, "other").state, RolloutState::kPending);
    auto other = hello("other");
    other.tasks[0].task = 2;
    world.say("other", other);
    EXPECT_EQ(world.standing(id, "other").state, RolloutState::kRefused);
    EXPECT_EQ(world.standing(id, "other").reason, Reason::kUnfitIo);
    report("a", UpdatePhase::kConfirmed);
    report("b", UpdatePhase::kConfirmed);
    EXPECT_EQ(view(id).record.status, RolloutStatus::kFinished);
    world.say("other", hello("other"));  // another firmware
    EXPECT_EQ(world.standing(id, "other").state, RolloutState::kOffered);
}

// Before this version a rollout for all gave every device a wish, whatever it decides.
TEST_F(RolloutTasks, AnOldWishForAnotherTaskMakesPlace) {
    world.enrol("other");
    const auto first = start();
    world.import(2, 2, 52, 2);
    const auto second = world.get<RolloutStarted>(StartRollout{model_name("net"), 2, {}}).rollout;
    world.import(3, 3, 53, 3);
    Snapshot snapshot{.fencing_epoch = 1};
    std::map<DeviceNumber, DeviceRecord> devices;
    for (const auto& record : world.written<DeviceRecord>()) {
        devices.insert_or_assign(record.number, record);
    }
    for (auto& [number, record] : devices) {
        if (record.id == device_id("other")) {
            ASSERT_EQ(record.assignments.size(), 2U);
            record.capability = capability();
            record.reported = {{.task = 3, .phase = UpdatePhase::kIdle}};
        }
        snapshot.devices.push_back(record);
    }
    snapshot.releases = world.written<ReleaseRecord>();
    for (const auto id : {first, second}) {
        snapshot.rollouts.push_back(view(id).record);
        snapshot.rollout_devices.push_back(world.standing(id, "other"));
    }
    SiteWorld restarted({}, snapshot);
    const auto third =
        restarted.get<RolloutStarted>(StartRollout{model_name("net"), 3, {}}).rollout;
    restarted.advance(std::chrono::seconds(1));
    EXPECT_EQ(restarted.standing(third, "other").state, RolloutState::kOffered);
    EXPECT_EQ(restarted.standing(first, "other").state, RolloutState::kRefused);
}

}  // namespace
}  // namespace frugal::core
