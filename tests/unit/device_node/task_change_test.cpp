// SPDX-License-Identifier: Apache-2.0
// A new firmware with other tasks on the flash of the old one: what is carried over, what is given
// up, and that a cut in between changes nothing of it.
#include <array>

#include "one_slot_fixture.hpp"

namespace frugal::test {
namespace {

std::uint32_t record_size(const DeviceWorld& world, std::uint32_t type) {
    std::uint32_t size = 0;
    return fr_record_log_get(&world.node.records, type, &size) != nullptr ? size : 0;
}

class TaskChange : public NodeTest {
protected:
    TaskChange() : NodeTest(with_room_for_two()) {}
    explicit TaskChange(const Shape& shape) : NodeTest(shape) {}

    void SetUp() override {
        world.site.policy = maker().policy(7, 255);
        world.site.also_policies[2] = maker().policy(9, 255, 0, FR_TIER_EDGE, 2);
        world.site.also_wanted[2] = of_the_second_task();
        world.site.want(first());
    }

    /// The firmware whose tasks are these.
    void set_tasks(const std::vector<std::uint32_t>& ids) { set_tasks(world, ids); }

    void set_tasks(DeviceWorld& device, const std::vector<std::uint32_t>& ids) {
        for (std::size_t i = 0; i < ids.size(); ++i) {
            tasks_.at(i) = {ids[i], 784, 10, FR_PRIVACY_PUBLIC, nullptr, 0};
        }
        device.config.tasks = tasks_.data();
        device.config.task_count = static_cast<std::uint32_t>(ids.size());
    }

    fr_status_t boot_with(const std::vector<std::uint32_t>& ids) {
        set_tasks(ids);
        return world.boot();
    }

    /// Both tasks confirmed, everything delivered.
    void confirm_both() {
        ASSERT_EQ(boot_with({1, 2}), FR_OK);
        world.connect();
        world.run(60000);
        decide_both(FR_PROBATION_DECISIONS);
        world.run(20000);
        ASSERT_EQ(world.status(1).phase, FR_PHASE_CONFIRMED);
        ASSERT_EQ(world.status(2).phase, FR_PHASE_CONFIRMED);
    }

    /// Both tasks confirmed, ten decisions undelivered.
    void start_with_both() {
        ASSERT_NO_FATAL_FAILURE(confirm_both());
        ASSERT_EQ(world.status(2).burned_counter, 1U);
        world.disconnect();
        decide_both(5);
    }

    void decide_both(std::uint32_t rounds) { NodeTest::decide_both(world, rounds, 50); }

    void expect_ledger() { expect_ledger(world); }
    static void expect_ledger(const DeviceWorld& device) {
        const auto produced = fr_node_next_sequence(&device.node);
        const auto on_device = produced - fr_node_oldest_sequence(&device.node);
        EXPECT_EQ(device.site.stored.size() + device.site.declared_dropped + on_device, produced);
    }

    std::uint32_t floor_of(std::size_t index) const {
        return world.node.state.tasks[index].policy_floor;
    }

private:
    std::array<fr_task_config_t, FR_TASKS_MAX> tasks_{};
};

TEST_F(TaskChange, OneMoreBehindTheOthersChangesNothingOfThem) {
    set_tasks({1});
    start();
    world.disconnect();
    decide(5);
    const auto stream = fr_node_stream(&world.node);
    const auto before = world.status();
    ASSERT_EQ(boot_with({1, 2}), FR_OK);
    EXPECT_EQ(fr_node_stream(&world.node), stream);
    EXPECT_EQ(world.status(1).release, before.release);
    EXPECT_EQ(world.status(1).policy, before.policy);
    EXPECT_EQ(world.status(1).phase, FR_PHASE_CONFIRMED);
    EXPECT_FALSE(world.status(2).has_model);
    EXPECT_EQ(world.status(2).burned_counter, 0U);
    EXPECT_EQ(world.counters().models_given_up, 0U);
    world.connect();
    world.run(60000);
    EXPECT_TRUE(world.status(2).has_model);
    EXPECT_EQ(world.site.declared_dropped, 0U) << "all that waited was delivered";
    EXPECT_EQ(fr_node_acked_sequence(&world.node), fr_node_next_sequence(&world.node));
}

TEST_F(TaskChange, TheLastOneGoesAndTheFirstStays) {
    start_with_both();
    const auto next = fr_node_next_sequence(&world.node);
    ASSERT_EQ(boot_with({1}), FR_OK);
    EXPECT_EQ(world.status(1).phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(world.status(1).release, 1U);
    EXPECT_EQ(world.counters().models_given_up, 1U);
    EXPECT_EQ(fr_node_next_sequence(&world.node), next) << "no number is used twice";
    EXPECT_EQ(record_size(world, fr_record_manifest(1, 0)), 0U);
    world.connect();
    decide(3);
    world.run(20000);
    EXPECT_EQ(world.site.declared_dropped, 10U);
    expect_ledger();
}

TEST_F(TaskChange, WhatItForgetsIsDeclaredAndIsNoOverflow) {
    start_with_both();
    ASSERT_EQ(boot_with({1}), FR_OK);
    for (int i = 0; i < 300; ++i) {
        ASSERT_EQ(world.submit(), FR_OK);
    }
    const auto overflowed = world.counters().dropped;
    ASSERT_GT(overflowed, 0U);
    world.connect();
    world.run(120000);
    EXPECT_EQ(world.site.declared_dropped, 10U + overflowed) << "none is counted twice";
    ASSERT_TRUE(world.site.health);
    EXPECT_EQ(world.site.health->dropped(), overflowed);
    expect_ledger();
}

TEST_F(TaskChange, OneAtAnotherPlaceKeepsItsFloorsAndAsksForItsModel) {
    start_with_both();
    world.node.state.fencing_epoch = 1;
    ASSERT_EQ(boot_with({2}), FR_OK);
    EXPECT_EQ(world.node.state.fencing_epoch, 1U);
    EXPECT_EQ(world.status(2).burned_counter, 1U);
    EXPECT_EQ(floor_of(0), 9U);
    EXPECT_FALSE(world.status(2).has_model);
    EXPECT_EQ(world.status(2).policy, 0U);
    EXPECT_EQ(world.counters().models_given_up, 2U);
    EXPECT_EQ(world.submit(1000, FR_PRIVACY_PUBLIC, 2), FR_ERROR_STATE);
    EXPECT_EQ(world.submit(1000, FR_PRIVACY_PUBLIC, 1), FR_ERROR_NOT_FOUND);
    world.connect();
    world.run(60000);
    EXPECT_EQ(world.status(2).release, 1U) << "the release it burned may come back";
    EXPECT_EQ(world.status(2).policy, 9U);
    for (std::uint32_t i = 0; i < FR_PROBATION_DECISIONS; ++i) {
        ASSERT_EQ(world.submit(1000, FR_PRIVACY_PUBLIC, 2), FR_OK);
        world.run(50);
    }
    EXPECT_EQ(world.status(2).phase, FR_PHASE_CONFIRMED);
    world.run(20000);
    expect_ledger();
}

TEST_F(TaskChange, OneThatIsBackStillRefusesWhatItRefused) {
    world.site.also_wanted[2] = of_the_second_task(5);
    ASSERT_NO_FATAL_FAILURE(confirm_both());
    ASSERT_EQ(world.status(2).burned_counter, 5U);
    ASSERT_EQ(boot_with({1}), FR_OK);
    ASSERT_EQ(world.boot(), FR_OK);
    ASSERT_EQ(boot_with({1, 2}), FR_OK);
    EXPECT_EQ(world.status(2).burned_counter, 5U);
    EXPECT_EQ(floor_of(1), 9U);
    world.site.also_wanted[2] = of_the_second_task(4);
    world.connect();
    world.run(60000);
    EXPECT_EQ(world.status(2).phase, FR_PHASE_REFUSED);
    EXPECT_EQ(world.status(2).reason, FR_REASON_DOWNGRADE);
    EXPECT_FALSE(world.status(2).has_model);
}

TEST_F(TaskChange, TheLastEightThatWentAreRemembered) {
    start_with_both();
    ASSERT_EQ(boot_with({1}), FR_OK);
    const auto pass_through = [this](std::uint32_t task) {
        ASSERT_EQ(boot_with({1, task}), FR_OK);
        world.node.state.tasks[1].policy_floor = 100 + task;
        world.site.fencing += 1;  // saves the state
        world.connect();
        ASSERT_EQ(boot_with({1}), FR_OK);
    };
    for (std::uint32_t task = 3; task < 3 + FR_FORMER_TASKS_MAX - 1; ++task) {
        ASSERT_NO_FATAL_FAILURE(pass_through(task));
    }
    ASSERT_EQ(boot_with({1, 2}), FR_OK);
    EXPECT_EQ(floor_of(1), 9U) << "the eighth";
    ASSERT_NO_FATAL_FAILURE(pass_through(50));
    ASSERT_EQ(boot_with({1, 2}), FR_OK);
    EXPECT_EQ(floor_of(1), 0U) << "one more went since";
    ASSERT_EQ(boot_with({1, 3}), FR_OK);
    EXPECT_EQ(floor_of(1), 103U);
}

TEST_F(TaskChange, AnotherRingBeginsANewStream) {
    start_with_both();
    const auto stream = fr_node_stream(&world.node);
    world.config.decision_sectors = 2;
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_NE(fr_node_stream(&world.node), stream);
    EXPECT_EQ(fr_node_next_sequence(&world.node), 0U);
    EXPECT_EQ(world.status(1).burned_counter, 1U);
    EXPECT_EQ(world.status(2).burned_counter, 1U);
    EXPECT_FALSE(world.status(1).has_model) << "its slots lay behind the ring";
    EXPECT_EQ(floor_of(0), 7U);
    EXPECT_EQ(floor_of(1), 9U);
    EXPECT_EQ(world.counters().models_given_up, 2U);
    const auto next = fr_node_stream(&world.node);
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_EQ(fr_node_stream(&world.node), next);
}

TEST_F(TaskChange, ACutAtAnyOperationOfItChangesNothing) {
    start_with_both();
    const auto image = world.flash.bytes;
    const auto next = fr_node_next_sequence(&world.node);
    for (const std::vector<std::uint32_t>& ids :
         {std::vector<std::uint32_t>{1}, {2}, {3}, {1, 3}, {2, 3}}) {
        for (const auto tear : kEveryTear) {
            bool is_whole = false;
            for (std::uint64_t operation = 0; !is_whole; ++operation) {
                DeviceWorld device(maker(), with_room_for_two());
                device.flash.bytes = image;
                set_tasks(device, ids);
                device.flash.cut_at(operation, tear);
                is_whole = device.boot() == FR_OK;
                device.flash.power_on();
                ASSERT_EQ(device.boot(), FR_OK) << operation;
                EXPECT_EQ(fr_node_next_sequence(&device.node), next) << operation;
                set_tasks(device, {1, 2});  // what was remembered shows when they are back
                ASSERT_EQ(device.boot(), FR_OK) << operation;
                EXPECT_EQ(device.status(1).burned_counter, 1U) << operation;
                EXPECT_EQ(device.status(2).burned_counter, 1U) << operation;
                EXPECT_EQ(device.node.state.tasks[0].policy_floor, 7U) << operation;
                EXPECT_EQ(device.node.state.tasks[1].policy_floor, 9U) << operation;
                EXPECT_EQ(device.flash.breaches(), std::vector<std::string>{});
            }
        }
    }
}

class TaskChangeWithOneSlot : public OneSlot {
protected:
    TaskChangeWithOneSlot() : OneSlot(with_room_for_two(one_slot())) {
        world.config.task_count = 1;
    }

    void expect_two_tasks_in_the_end() {
        ASSERT_EQ(world.boot(), FR_OK);
        EXPECT_EQ(world.status(1).burned_counter, 1U);
        world.connect();
        world.run(120000);
        for (std::uint32_t i = 0; i < FR_PROBATION_DECISIONS; ++i) {
            EXPECT_EQ(world.submit(1000, FR_PRIVACY_PUBLIC, 1), FR_OK);
            EXPECT_EQ(world.submit(1000, FR_PRIVACY_PUBLIC, 2), FR_OK);
            world.run(50);
        }
        EXPECT_EQ(world.status(1).release, 2U);
        EXPECT_EQ(world.status(2).release, 1U);
        EXPECT_EQ(world.status(1).phase, FR_PHASE_CONFIRMED);
        EXPECT_EQ(world.status(2).phase, FR_PHASE_CONFIRMED);
    }
};

TEST_F(TaskChangeWithOneSlot, InTheMiddleOfARewriteAsksForTheWhole) {
    start_known();
    cut_in_the_rewrite(tuned());
    world.site.also_wanted[2] = of_the_second_task();
    world.config.task_count = 2;  // its slot lies where the scratch pages were
    expect_two_tasks_in_the_end();
}

TEST_F(TaskChangeWithOneSlot, ACutAtAnyOperationOfItCostsNoMoreThanTheModel) {
    start_known();
    cut_in_the_rewrite(tuned());
    const auto image = world.flash.bytes;
    for (const auto tear : kEveryTear) {
        bool is_whole = false;
        for (std::uint64_t operation = 0; !is_whole; ++operation) {
            DeviceWorld device(maker(), with_room_for_two(one_slot()));
            device.flash.bytes = image;
            device.flash.cut_at(operation, tear);
            is_whole = device.boot() == FR_OK && !device.flash.is_cut();
            device.flash.power_on();
            ASSERT_EQ(device.boot(), FR_OK) << operation;
            EXPECT_EQ(device.status(1).burned_counter, 1U) << operation;
            EXPECT_FALSE(device.status(1).has_model) << operation;
            EXPECT_EQ(device.node.state.tasks[0].is_rewriting, 0U) << operation;
            expect_sound(device);
        }
    }
}

TEST_F(TaskChangeWithOneSlot, BesideAModelThatRunsKeepsIt) {
    start_known();
    world.site.also_wanted[2] = of_the_second_task();
    world.config.task_count = 2;
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_EQ(world.status(1).release, 1U);
    world.site.want(tuned());
    expect_two_tasks_in_the_end();
}

}  // namespace
}  // namespace frugal::test
