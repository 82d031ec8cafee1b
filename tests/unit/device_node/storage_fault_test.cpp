// SPDX-License-Identifier: Apache-2.0
// A flash that refuses at the worst moment: nothing is obeyed that is not stored, and what is told
// is what runs.
#include "node_fixture.hpp"

namespace frugal::test {
namespace {

class StorageFault : public NodeTest {
protected:
    /// The next operation of the flash fails; then it works again.
    void fail_once() {
        world.flash.power_on();
        world.flash.fail_at(0, Tear::kClean);
    }
    void expect_epoch_survives(std::uint64_t epoch) {
        EXPECT_EQ(world.node.state.fencing_epoch, epoch);
        ASSERT_EQ(world.boot(), FR_OK);
        EXPECT_EQ(world.node.state.fencing_epoch, epoch);
    }
};

TEST_F(StorageFault, AnEpochThatIsNotStoredIsNotObeyed) {
    start();
    world.site.fencing = 2;
    fail_once();
    want(second());
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED) << "dropped";
    EXPECT_EQ(world.node.state.fencing_epoch, 1U);
    EXPECT_EQ(world.node.state.desired_version, 1U);
    tell();
    expect_epoch_survives(2);
    EXPECT_EQ(world.node.state.desired_version, world.site.version);
}

TEST_F(StorageFault, AVersionThatIsNotStoredIsNotObeyed) {
    start();
    const auto before = world.node.state.desired_version;
    fail_once();
    want(second());
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED) << "dropped";
    EXPECT_EQ(world.node.state.desired_version, before);
    tell();
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_EQ(world.node.state.desired_version, world.site.version);
}

TEST_F(StorageFault, AModelThatCannotBeLoadedAfterItsFlipStepsBack) {
    start();
    damage_at_the_flip();
    pursue(second());
    world.flash.guard = {};
    const auto status = world.status();
    EXPECT_TRUE(was_reported(FR_PHASE_REVERTED, FR_REASON_STORAGE_FAULT));
    EXPECT_EQ(status.active_slot, status.confirmed_slot);
    EXPECT_TRUE(status.has_model);
    EXPECT_EQ(status.release, 1U);
    EXPECT_EQ(status.burned_counter, 1U);
    EXPECT_EQ(world.submit(), FR_OK);
}

}  // namespace
}  // namespace frugal::test
