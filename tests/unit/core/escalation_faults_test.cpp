// SPDX-License-Identifier: Apache-2.0
// What one device, one engine, one task or a lossy link must not do to everybody else.
#include <algorithm>

#include "base/rng.hpp"
#include "unit/core/escalation_world.hpp"

namespace frugal::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

CoreConfig faults_config(std::uint32_t workers = 1) {
    auto config = small_offload_config();
    config.offload.queue_limit = 128;
    config.offload.per_device = 64;
    config.offload.workers = workers;
    return config;
}

class Faults : public EscalationWorld {
protected:
    explicit Faults(const CoreConfig& config = faults_config()) : EscalationWorld(config) {}
    void define(std::uint32_t task, std::uint32_t share_permille = 0) {
        world.get<Done>(
            DefineTask{{.task = task, .name = "t", .group_share_permille = share_permille}});
        set_model(task, static_cast<std::uint8_t>(90 + task));
    }
    void set_model(std::uint32_t task, std::uint8_t fill, std::uint32_t input_bytes = 3) {
        world.get<Done>(SetEdgeModel{
            {.task = task, .digest = digest_of(fill), .name = "edge", .input_bytes = input_bytes},
            {}});
    }
    void greet(const char* device, std::initializer_list<std::uint32_t> tasks,
               const char* device_class = "m4") {
        auto message = hello(device);
        message.capability = capability(device_class);
        message.tasks.clear();
        for (const auto task : tasks) {
            message.tasks.push_back({.task = task, .phase = UpdatePhase::kIdle});
        }
        world.say(device, std::move(message));
    }
    void wait(milliseconds time) { world.now.instant = world.now.instant + time; }
    void forget_effects() {
        world.take();
        finished = 0;
    }
    /// Device a, one question after the other.
    void ask_and_finish(int times) {
        for (int i = 0; i < times; ++i) {
            escalate("a", sequence++, 60'000);
            while (statistics().running != 0) {
                finish(milliseconds(1));
            }
        }
    }
    std::uint8_t price_for(const char* device) {
        world.say(device, decisions(decided[device]++, 1));
        return world.sent<Ack>(device).back().price;
    }
    /// What the last ack said.
    std::vector<TaskPrice> dearer_for(const char* device) {
        return world.sent<Ack>(device).back().dearer;
    }
    /// What became of one escalation, as the device tells it.
    void report(const char* device, std::uint64_t number, bool is_in_time) {
        auto told = decisions(number, 1);
        told.outcomes[0] = is_in_time ? 0x2A : 0x1E;
        world.say(device, std::move(told));
    }
    std::uint64_t busy(BusyCause cause) {
        return statistics().busy_causes[static_cast<std::size_t>(cause)];
    }
    std::ptrdiff_t answers(const char* device) {
        const auto all = verdicts(device);
        return std::ranges::count(all, VerdictStatus::kAnswered, &Verdict::status);
    }
    void expect_books_to_balance() {
        const auto books = statistics();
        EXPECT_EQ(books.admitted, books.answered + books.withdrawn + books.audits_shed +
                                      books.expired + books.failed + books.queued + books.running);
    }
    std::map<std::string, std::uint64_t> decided;
    std::uint64_t sequence = 1000;
};

TEST_F(Faults, OneDeviceBlindToPricesDoesNotStopItsGroup) {
    define(1, 100);
    base::Rng rng(1);
    std::ptrdiff_t answered = 0;
    for (int turn = 0; turn < 600; ++turn) {
        forget_effects();
        for (int i = 0; i < 2; ++i) {
            escalate("a", sequence++, 60'000);
        }
        world.say("a", decisions(decided["a"], 2));
        decided["a"] += 2;
        world.say("b", decisions(decided["b"], 4));
        decided["b"] += 4;
        if (const auto price = price_for("b"); price != 255 && rng.below(256) >= price) {
            escalate("b", sequence++, 60'000);
        }
        while (statistics().running != 0) {
            finish();
        }
        answered += answers("b");
        wait(milliseconds(100));
    }
    EXPECT_GT(answered, 150) << "600 turns of 5 decisions, a tenth of them";
    ASSERT_FALSE(verdicts("a").empty());
    EXPECT_EQ(verdicts("a").back().status, VerdictStatus::kBusy);
    EXPECT_LE(verdicts("a").back().retry_after_ms, 125U) << "a long pause would cost it its part";
}

TEST_F(Faults, ARestrainedGroupIsChargedForWhatRanOnly) {
    define(1, 100);
    ask_and_finish(400);
    EXPECT_EQ(price_for("b"), 255);
    world.say("b", decisions(decided["b"], 15));
    EXPECT_LT(world.sent<Ack>("b").back().price, 255) << "one decided, one paid off";
    EXPECT_EQ(statistics().budgets.at(0).escalated, 64U);
}

TEST_F(Faults, LostAnswersAreNoDelays) {
    for (std::uint64_t number = 0; number < 3000; ++number) {
        forget_effects();
        escalate("a", number, 1000 + number % 7 * 500);
        finish(milliseconds(10));
        report("a", number, number % 30 != 0);
    }
    escalate("a", 5000, 100);
    EXPECT_EQ(statistics().running, 1U) << "one in thirty was lost; none came late";
}

TEST_F(Faults, OneDevicesSlowLinkIsItsOwnAffair) {
    for (std::uint64_t number = 0; number < 5; ++number) {
        escalate("a", number, 30);
        finish(milliseconds(10));
        report("a", number, false);
    }
    escalate("a", 5000, 30);
    EXPECT_EQ(statistics().running, 0U) << "20 ms were not enough, ever";
    escalate("b", 5000, 30);
    EXPECT_EQ(statistics().running, 1U);
    finish();
    wait(milliseconds(120'000));
    escalate("a", 5001, 30);
    EXPECT_EQ(statistics().running, 1U) << "that was long ago";
}

TEST_F(Faults, WhatBecameOfAnswersMayBeToldMuchLater) {
    for (std::uint64_t number = 0; number < 1500; ++number) {
        forget_effects();
        escalate("a", number, 30);
        if (statistics().running != 0) {
            finish(milliseconds(10));
        }
    }
    for (std::uint64_t number = 0; number < 100; ++number) {
        report("a", number, false);
    }
    escalate("a", 5000, 30);
    EXPECT_EQ(statistics().running, 0U) << "late, all of them";
}

class TwoEngines : public Faults {
protected:
    TwoEngines() : Faults(faults_config(2)) {
        define(2);
        escalate("a", sequence++, 60'000, PolicyReason::kEscalateGain, 1);
        world.advance(seconds(6));
        finished = 1;  // it never comes back
    }
};

TEST_F(TwoEngines, AHungOneDoesNoWork) {
    ASSERT_EQ(statistics().hung, 1U);
    escalate("b", sequence++, 60'000, PolicyReason::kEscalateGain, 2);
    escalate("c", sequence++, 16, PolicyReason::kEscalateGain, 2);
    EXPECT_EQ(busy(BusyCause::kNoTime), 1U) << "10 ms until the other one is free, 10 of its own";
}

TEST_F(TwoEngines, AModelThatHungIsTriedOnTheOther) {
    escalate("b", sequence++, 60'000, PolicyReason::kEscalateGain, 1);
    EXPECT_EQ(world.performed<Infer>().size(), 2U);
}

TEST_F(TwoEngines, AWrongEstimateIsTriedOnTheOther) {
    for (int i = 0; i < 25; ++i) {
        escalate("a", sequence++, 60'000, PolicyReason::kEscalateGain, 2);
        finish(milliseconds(50'000));
    }
    world.advance(OffloadConfig{}.probe_interval);
    const auto before = world.performed<Infer>().size();
    escalate("a", sequence++, 500, PolicyReason::kEscalateGain, 2);
    EXPECT_EQ(world.performed<Infer>().size(), before + 1);
}

TEST_F(TwoEngines, OnceNothingWaitsTheLoadIsGone) {
    for (int i = 0; i < 8; ++i) {
        escalate("b", sequence++, 60'000, PolicyReason::kEscalateGain, 2);
    }
    for (int i = 0; i < 8; ++i) {
        finish(milliseconds(60));
    }
    EXPECT_EQ(statistics().queued, 0U);
    EXPECT_EQ(statistics().load, 0U);
}

TEST_F(Faults, AWrongEstimateFadesWhileOthersKeepTheEngineBusy) {
    define(2);
    for (int i = 0; i < 25; ++i) {
        escalate("a", sequence++, 60'000, PolicyReason::kEscalateGain, 2);
        finish(milliseconds(50'000));
    }
    bool is_admitted = false;
    for (int turn = 0; turn < 600 && !is_admitted; ++turn) {
        forget_effects();
        escalate("a", sequence++, 60'000);
        escalate("b", sequence++, 500, PolicyReason::kEscalateGain, 2);
        is_admitted = verdicts("b").empty();
        finish(milliseconds(10));
        wait(milliseconds(90));
    }
    EXPECT_TRUE(is_admitted) << "within a minute";
}

TEST_F(Faults, AModelThatIsDownLeavesTheDevicesOtherTasksOpen) {
    define(2);
    greet("a", {1, 2});
    for (std::uint32_t i = 0; i < OffloadConfig{}.down_failures; ++i) {
        escalate("a", sequence++, 60'000);
        fail();
    }
    EXPECT_LT(verdicts("a").back().load, 255);
    EXPECT_EQ(verdicts("a").back().price, 255) << "of the task it asked for";
    escalate("a", sequence++, 60'000);
    EXPECT_EQ(verdicts("a").back().status, VerdictStatus::kBusy);
    EXPECT_EQ(price_for("a"), 0);
    EXPECT_EQ(dearer_for("a"), (std::vector<TaskPrice>{{1, 255}}));
    wait(std::chrono::minutes(10));
    EXPECT_EQ(price_for("a"), 0);
    EXPECT_TRUE(dearer_for("a").empty()) << "tried again by then";
}

TEST_F(Faults, AShareThatIsUsedUpLeavesTheDevicesOtherTasksOpen) {
    define(1, 100);
    define(2);
    greet("a", {1, 2, 3});  // nobody answers 3
    ask_and_finish(100);
    EXPECT_GE(busy(BusyCause::kBudget), 1U);
    EXPECT_EQ(verdicts("a").back().price, 255) << "of the task it asked for";
    EXPECT_EQ(price_for("a"), 0);
    EXPECT_EQ(dearer_for("a"), (std::vector<TaskPrice>{{1, 255}, {3, 255}}));
    EXPECT_EQ(price_for("b"), 255) << "it has no other task";
    EXPECT_TRUE(dearer_for("b").empty());
}

TEST_F(Faults, WhoAsksAgainIsToldToStopAsWell) {
    define(1, 100);
    ask_and_finish(100);
    ASSERT_EQ(verdicts("a").back().price, 255);
    escalate("a", 1000, 60'000);
    EXPECT_EQ(verdicts("a").back().status, VerdictStatus::kAnswered);
    EXPECT_EQ(verdicts("a").back().price, 255);
}

TEST_F(Faults, AnEngineThatOverrunsIsNotFreeNow) {
    escalate("a", sequence++, 60'000);
    wait(milliseconds(16));
    escalate("b", sequence++, 15);
    EXPECT_EQ(busy(BusyCause::kNoTime), 1U) << "6 ms too long, so 6 more";
    wait(milliseconds(30));
    escalate("c", sequence++, 60'000);
    EXPECT_EQ(busy(BusyCause::kNoTime), 2U) << "nobody knows when it ends";
    finish(milliseconds(0));
    escalate("c", sequence++, 60'000);
    EXPECT_EQ(busy(BusyCause::kNoTime), 2U);
}

TEST_F(Faults, AQueueStandsAlthoughTheNewestHardlyWaits) {
    for (int i = 0; i < 60; ++i) {
        escalate("a", sequence++, 60'000);
    }
    ASSERT_GT(statistics().queued, 30U);
    for (int turn = 0; turn < 12; ++turn) {
        finish(milliseconds(10));
    }
    ASSERT_TRUE(statistics().is_standing);
    for (int turn = 0; turn < 10; ++turn) {
        wait(milliseconds(6));
        escalate("c", sequence++, 400);
        finish(milliseconds(4));
        EXPECT_TRUE(statistics().is_standing) << turn;
    }
}

TEST_F(Faults, AQueueThatEmptiesDoesNotStand) {
    for (int turn = 0; turn < 40; ++turn) {
        escalate("a", sequence++, 60'000);
        escalate("b", sequence++, 60'000);
        finish(milliseconds(10));
        finish(milliseconds(10));
        EXPECT_FALSE(statistics().is_standing) << turn;
    }
}

TEST_F(Faults, ADeviceDoesNotGetAGroupByNamingAnotherClass) {
    define(1, 100);
    for (const auto* device_class : {"m4", "m5", "m6", "m7"}) {
        greet("a", {1}, device_class);
        escalate("a", sequence++, 60'000);
        finish();
    }
    ASSERT_EQ(statistics().budgets.size(), 1U);
    EXPECT_EQ(statistics().budgets[0].escalated, 4U);
}

TEST_F(Faults, WhatWaitsForAModelThatGoesDownIsTold) {
    for (int i = 0; i < 8; ++i) {
        escalate("a", sequence++, 60'000);
    }
    for (std::uint32_t i = 0; i < OffloadConfig{}.down_failures; ++i) {
        fail();
    }
    EXPECT_EQ(world.performed<Infer>().size(), OffloadConfig{}.down_failures);
    EXPECT_EQ(statistics().withdrawn, 3U);
    EXPECT_EQ(busy(BusyCause::kEdgeDown), 3U);
    expect_books_to_balance();
}

TEST_F(Faults, ANewEdgeModelStartsAnew) {
    for (std::uint32_t i = 0; i < OffloadConfig{}.down_failures; ++i) {
        escalate("a", sequence++, 60'000);
        fail();
    }
    set_model(1, 200);
    escalate("a", sequence++, 60'000);
    EXPECT_EQ(statistics().running, 1U) << "its predecessor failed, not this one";
    finish(milliseconds(80));
    escalate("a", sequence++, 60'000);
    escalate("b", sequence++, 60'000);
    EXPECT_EQ(statistics().service_time.count(1), 1U);
    set_model(1, 200);
    EXPECT_EQ(statistics().queued, 1U) << "the same one again changes nothing";
    set_model(1, 201);
    EXPECT_EQ(statistics().service_time.count(1), 0U) << "measured of another model";
    EXPECT_EQ(verdicts("b").back().status, VerdictStatus::kBusy) << "admitted for another model";
    EXPECT_EQ(statistics().withdrawn, 1U);
    finish(milliseconds(80));
    EXPECT_EQ(verdicts("a").back().status, VerdictStatus::kAnswered);
    EXPECT_EQ(statistics().service_time.count(1), 0U) << "it ran on the old one";
    expect_books_to_balance();
}

class FewBytes : public Faults {
protected:
    static CoreConfig config() {
        auto config = faults_config();
        config.offload.queue_bytes = 8;
        return config;
    }
    FewBytes() : Faults(config()) { set_model(1, 80, 0); }
};

TEST_F(FewBytes, NoAuditIsShedInVain) {
    escalate("a", 1, 60'000, PolicyReason::kEscalateGain, 1, base::Bytes(6));
    escalate("b", 2, 60'000, PolicyReason::kAudit, 1, base::Bytes(2));
    ASSERT_EQ(statistics().queued, 1U);
    escalate("c", 3, 60'000, PolicyReason::kEscalateGain, 1, base::Bytes(4));
    EXPECT_EQ(verdicts("c").back().status, VerdictStatus::kBusy);
    EXPECT_EQ(statistics().audits_shed, 0U);
    escalate("c", 4, 60'000, PolicyReason::kEscalateGain, 1, base::Bytes(2));
    EXPECT_EQ(statistics().audits_shed, 1U);
}

TEST_F(FewBytes, WhatCanNeverFitIsRefused) {
    escalate("a", 1, 60'000, PolicyReason::kEscalateGain, 1, base::Bytes(9));
    EXPECT_EQ(verdicts("a").back().status, VerdictStatus::kRefused);
}

TEST_F(Faults, EverythingAdmittedIsCountedOnce) {
    escalate("a", sequence++, 3000);
    escalate("a", sequence++, 60'000);
    escalate("b", sequence++, 200);
    escalate("c", sequence++, 60'000);
    world.get<Done>(RevokeDevice{device_id("c")});
    expect_books_to_balance();
    world.advance(seconds(6));
    EXPECT_EQ(statistics().hung, 1U);
    EXPECT_EQ(statistics().running, 0U) << "nobody waits for it";
    expect_books_to_balance();
    finish(milliseconds(0));
    expect_books_to_balance();
}

}  // namespace
}  // namespace frugal::core
