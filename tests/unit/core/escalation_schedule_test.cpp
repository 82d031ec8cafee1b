// SPDX-License-Identifier: Apache-2.0
// How the desk schedules: promises kept, classes, batches, engines that fail or hang, budgets.
#include <algorithm>

#include "unit/core/escalation_world.hpp"

namespace frugal::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

CoreConfig batching_config() {
    auto config = small_offload_config();
    config.offload.queue_limit = 64;
    config.offload.per_device = 32;
    config.offload.batch_max = 8;
    return config;
}

class Schedule : public EscalationWorld {
protected:
    explicit Schedule(const CoreConfig& config = batching_config()) : EscalationWorld(config) {}
    void define(std::uint32_t task, Priority priority, std::uint32_t share_permille = 0) {
        world.get<Done>(DefineTask{{.task = task,
                                    .name = "t",
                                    .priority = priority,
                                    .group_share_permille = share_permille}});
        world.get<Done>(SetEdgeModel{{.task = task,
                                      .digest = digest_of(static_cast<std::uint8_t>(90 + task)),
                                      .name = "edge",
                                      .input_bytes = 3},
                                     {}});
    }
    /// Runs one batch of each size, so that the desk knows its curve.
    void teach(std::initializer_list<std::pair<std::size_t, milliseconds>> curve) {
        for (const auto& [size, time] : curve) {
            escalate("a", sequence++, 60'000);  // keeps the engine busy while the batch gathers
            for (std::size_t i = 0; i < size; ++i) {
                escalate("b", sequence++, 60'000);
            }
            finish(milliseconds(10));
            for (int turns = 0; statistics().queued + statistics().running != 0; ++turns) {
                ASSERT_LT(turns, 100);
                const auto count = world.performed<Infer>().at(finished)->inputs.size();
                finish(count >= size ? time : milliseconds(10 * static_cast<int>(count)));
            }
        }
    }
    /// Devices of the group escalate every second task; after how many the acks say stop. Where 1
    /// in 10 may: 0.4 too many a decision, and 64 of them stop the group.
    int escalate_until_stopped() {
        for (int i = 0; i < 400; ++i) {
            escalate("a", sequence++, 60'000);
            if (statistics().running != 0) {
                finish(milliseconds(1));
            }
            world.say("a", decisions(decided, 2));
            decided += 2;
            if (world.sent<Ack>("a").back().price == 255) {
                return i;
            }
        }
        return 400;
    }
    void set_policy(std::uint32_t version, PolicyOrigin origin, std::uint32_t share_permille,
                    std::uint32_t source = 0) {
        world.get<PolicySet>(
            SetPolicy{{.task = 1,
                       .version = version,
                       .origin = origin,
                       .source = source,
                       .parts = {{*base::ClassName::parse("m4"), signed_policy("policy")}},
                       .group_share_permille = share_permille},
                      {}});
    }
    std::uint64_t sequence = 100;
    std::uint64_t decided = 0;
};

TEST_F(Schedule, AnEarlierDeadlineDoesNotBreakAPromise) {
    escalate("a", 0, 60'000);
    escalate("b", 1, 25);  // starts at 10, must have started by 14
    ASSERT_TRUE(verdicts("b").empty()) << "admitted";
    escalate("c", 2, 24);  // would fit before it, and make it late
    ASSERT_EQ(verdicts("c").size(), 1U);
    EXPECT_EQ(verdicts("c")[0].status, VerdictStatus::kBusy);
    EXPECT_EQ(statistics().busy_causes[static_cast<std::size_t>(BusyCause::kNoTime)], 1U);
}

TEST_F(Schedule, RunsTheUrgentTaskFirst) {
    define(2, Priority::kUrgent);
    define(3, Priority::kBackground);
    escalate("a", 0, 60'000);
    escalate("b", 1, 1000, PolicyReason::kEscalateGain, 3);
    escalate("b", 2, 2000, PolicyReason::kEscalateGain, 1);
    escalate("c", 3, 3000, PolicyReason::kEscalateGain, 2);
    EXPECT_EQ(statistics().queued_by_priority,
              (std::array<std::uint32_t, kPriorities>{1, 1, 1, 0}));
    for (int i = 0; i < 4; ++i) {
        finish();
    }
    const auto asked = world.performed<Infer>();
    ASSERT_EQ(asked.size(), 4U);
    EXPECT_EQ(asked[1]->task, 2U);
    EXPECT_EQ(asked[2]->task, 1U);
    EXPECT_EQ(asked[3]->task, 3U);
}

TEST_F(Schedule, WithdrawsAPromiseThatASlowerEngineCannotKeep) {
    escalate("a", 0, 60'000);
    escalate("b", 1, 100);
    world.advance(milliseconds(95));
    EXPECT_EQ(statistics().withdrawn, 1U) << "told, not left waiting";
    ASSERT_EQ(verdicts("b").size(), 1U);
    EXPECT_EQ(verdicts("b")[0].status, VerdictStatus::kBusy);
    EXPECT_EQ(statistics().expired, 0U);
}

TEST_F(Schedule, FillsABatchWhenItPays) {
    teach({{2, milliseconds(11)},
           {2, milliseconds(11)},
           {4, milliseconds(12)},
           {4, milliseconds(12)}});
    const auto before = world.performed<Infer>().size();
    escalate("a", sequence++, 60'000);
    for (int i = 0; i < 4; ++i) {
        escalate(i % 2 == 0 ? "b" : "c", sequence++, 60'000);
    }
    finish();
    const auto asked = world.performed<Infer>();
    ASSERT_EQ(asked.size(), before + 2);
    EXPECT_EQ(asked.back()->inputs.size(), 4U) << "all that waited went together";
    finish(milliseconds(12));
    EXPECT_EQ(statistics().queued + statistics().running, 0U);
    EXPECT_GE(statistics().largest_batch, 4U);
}

TEST_F(Schedule, ABatchTakesNobodyPastADeadline) {
    teach({{2, milliseconds(15)}, {2, milliseconds(15)}, {2, milliseconds(15)}});
    escalate("a", sequence++, 60'000);
    escalate("b", sequence++, 31);  // alone it is answered at 20, with another at 25 or later
    const auto was_admitted =
        verdicts("b").empty() || verdicts("b").back().status != VerdictStatus::kBusy;
    ASSERT_TRUE(was_admitted);
    escalate("c", sequence++, 60'000);
    finish(milliseconds(12));
    EXPECT_EQ(world.performed<Infer>().back()->inputs.size(), 1U);
}

TEST_F(Schedule, AFailingEdgeModelIsLeftAloneAndTriedAgain) {
    for (std::uint64_t i = 0; i < OffloadConfig{}.down_failures; ++i) {
        escalate("a", sequence++, 60'000);
        fail();
    }
    EXPECT_EQ(verdicts("a").back().status, VerdictStatus::kRefused);
    EXPECT_EQ(verdicts("a").back().price, 255) << "send nothing";
    escalate("b", sequence++, 60'000);
    EXPECT_EQ(verdicts("b").back().status, VerdictStatus::kBusy);
    EXPECT_EQ(statistics().busy_causes[static_cast<std::size_t>(BusyCause::kEdgeDown)], 1U);
    world.say("a", decisions(0, 1));
    EXPECT_EQ(world.sent<Ack>("a").back().price, 255) << "every ack says so";
    world.advance(OffloadConfig{}.down_pause);
    world.say("a", decisions(1, 1));
    EXPECT_LT(world.sent<Ack>("a").back().price, 255) << "somebody has to try";
    escalate("b", sequence++, 60'000);
    escalate("c", sequence++, 60'000);
    EXPECT_EQ(statistics().running, 1U) << "one on trial";
    EXPECT_EQ(verdicts("c").back().status, VerdictStatus::kBusy);
    finish();
    escalate("c", sequence++, 60'000);
    EXPECT_EQ(statistics().running, 1U) << "as before";
}

TEST_F(Schedule, AHungEngineTurnsEverybodyAwayUntilItComesBack) {
    escalate("a", 0, 60'000);
    escalate("b", 1, 50'000);
    world.advance(seconds(6));
    EXPECT_EQ(statistics().hung, 1U);
    EXPECT_EQ(verdicts("a").back().status, VerdictStatus::kBusy) << "told, not left waiting";
    EXPECT_EQ(verdicts("b").back().status, VerdictStatus::kBusy);
    EXPECT_EQ(statistics().load, 255U);
    escalate("c", 2, 60'000);
    EXPECT_EQ(verdicts("c").back().status, VerdictStatus::kBusy);
    EXPECT_EQ(verdicts("c").back().load, 255);
    EXPECT_EQ(statistics().queued, 0U);
    finish(milliseconds(0));
    EXPECT_LT(statistics().load, 255U);
    escalate("c", 3, 60'000);
    EXPECT_EQ(statistics().running, 1U);
}

TEST_F(Schedule, AGroupBeyondItsShareIsStoppedByItsAcks) {
    define(1, Priority::kNormal, 100);
    EXPECT_NEAR(escalate_until_stopped(), 80, 3);
    escalate("b", sequence++, 60'000);
    EXPECT_EQ(verdicts("b").back().status, VerdictStatus::kBusy) << "the same group";
    EXPECT_GE(statistics().busy_causes[static_cast<std::size_t>(BusyCause::kBudget)], 1U);
    ASSERT_EQ(statistics().budgets.size(), 1U);
    EXPECT_EQ(statistics().budgets[0].group, "m4");
    for (int i = 0; i < 20; ++i) {
        world.say("a", decisions(decided, 16));
        decided += 16;
    }
    EXPECT_LT(world.sent<Ack>("a").back().price, 255) << "paid off by decisions kept local";
}

TEST_F(Schedule, WhatAGroupUsedOfItsShareOutlivesTheProcess) {
    define(1, Priority::kNormal, 100);
    EXPECT_NEAR(escalate_until_stopped(), 80, 3);
    std::map<std::optional<DeviceNumber>, ShareRecord> disk;
    for (const auto& record : world.written<ShareRecord>()) {
        EXPECT_EQ(record.group, "m4");
        disk[record.device] = record;
    }
    ASSERT_EQ(disk.size(), 2U) << "the group's and one device's";
    Snapshot snapshot;
    snapshot.tasks = {{.task = 1, .name = "t", .group_share_permille = 100}};
    for (const auto& [device, record] : disk) {
        snapshot.shares.push_back(record);
    }
    SiteWorld again(batching_config(), std::move(snapshot));
    const auto budgets = again.get<EscalationStatistics>(GetEscalationStatistics{}).budgets;
    ASSERT_EQ(budgets.size(), 1U);
    EXPECT_EQ(budgets[0].group, "m4");
    EXPECT_EQ(budgets[0].price, 255) << "still stopped";
}

TEST_F(Schedule, WhoSaysGoodByeComesBackWithWhatItUsed) {
    define(1, Priority::kNormal, 100);
    EXPECT_NEAR(escalate_until_stopped(), 80, 3);
    world.say("a", Bye{});
    auto renamed = hello("a");
    renamed.capability = capability("fresh");
    world.say("a", renamed);
    escalate("a", sequence++, 60'000);
    EXPECT_EQ(verdicts("a").back().status, VerdictStatus::kBusy);
    EXPECT_EQ(statistics().budgets.size(), 1U) << "a new name is no new share";
}

class OneByOne : public Schedule {
protected:
    static CoreConfig config() {
        auto config = batching_config();
        config.offload.batch_max = 1;
        return config;
    }
    OneByOne() : Schedule(config()) {}
};

class Shares : public OneByOne {
protected:
    /// Device a asks ten times for every time that b does; answers each of them got.
    std::pair<std::ptrdiff_t, std::ptrdiff_t> compete(PolicyReason reason) {
        for (int turn = 0; turn < 200; ++turn) {
            for (int i = 0; i < 10; ++i) {
                escalate("a", sequence++, 60'000, reason);
            }
            escalate("b", sequence++, 60'000, reason);
            finish();
        }
        return {answers("a"), answers("b")};
    }
    std::ptrdiff_t answers(const char* device) {
        const auto all = verdicts(device);
        return std::ranges::count(all, VerdictStatus::kAnswered, &Verdict::status);
    }
};

TEST_F(Shares, WhoAsksTenTimesAsOftenGetsNoMore) {
    const auto [greedy, modest] = compete(PolicyReason::kEscalateGain);
    EXPECT_GE(greedy + modest, 195) << "no engine stands idle for it";
    EXPECT_LE(greedy * 4, modest * 5);
}

// Spare time is short as well: without turns in it, whoever asks most often finds it first.
TEST_F(Shares, OfSpareTimeForAuditsGetsNoMoreEither) {
    const auto [greedy, modest] = compete(PolicyReason::kAudit);
    EXPECT_GE(greedy + modest, 195) << "no engine stands idle for it";
    EXPECT_LE(greedy * 4, modest * 5);
}

TEST_F(Schedule, APolicyMayStateTheShareAndLearningKeepsIt) {
    set_policy(1, PolicyOrigin::kAuthored, 100);
    set_policy(2, PolicyOrigin::kLearned, 0, 1);
    EXPECT_NEAR(escalate_until_stopped(), 80, 3);
    set_policy(3, PolicyOrigin::kAuthored, 0);
    escalate("b", sequence++, 60'000);
    EXPECT_EQ(statistics().running, 1U) << "the next policy states none";
    EXPECT_TRUE(statistics().budgets.empty());
}

TEST_F(Schedule, OfTwoSharesTheSmallerOneCounts) {
    define(1, Priority::kNormal, 400);
    set_policy(1, PolicyOrigin::kAuthored, 100);
    EXPECT_NEAR(escalate_until_stopped(), 80, 3);
}

TEST_F(Schedule, BytesInFlightCountWhatRuns) {
    auto config = batching_config();
    config.offload.queue_bytes = 8;
    SiteWorld tight(config);
    tight.enrol("a");
    tight.get<Done>(
        SetEdgeModel{{.task = 1, .digest = digest_of(80), .name = "big", .input_bytes = 3}, {}});
    for (std::uint64_t i = 0; i < 3; ++i) {
        Escalate message;
        message.task = 1;
        message.sequence = i;
        message.deadline_ms = 50'000;
        message.policy_reason = PolicyReason::kEscalateGain;
        message.features = Features({1, 2, 3});
        tight.say("a", std::move(message));
    }
    const auto statistics = tight.get<EscalationStatistics>(GetEscalationStatistics{});
    EXPECT_EQ(statistics.queued_bytes, 6U) << "one runs, one waits, the third is too much";
    EXPECT_EQ(statistics.busy_causes[static_cast<std::size_t>(BusyCause::kFull)], 1U);
}

TEST_F(Schedule, TheHostsOwnTroubleRaisesThePrice) {
    world.give(HostLoad{200, 0});
    EXPECT_EQ(statistics().load, 200U);
    EXPECT_GT(statistics().price, 100U);
    world.give(HostLoad{0, 255});
    EXPECT_EQ(statistics().load, 254U) << "expensive, but not forbidden";
}

}  // namespace
}  // namespace frugal::core
