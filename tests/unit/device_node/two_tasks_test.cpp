// SPDX-License-Identifier: Apache-2.0
// Two tasks of one device share staging, log and window; one update at a time.
#include "node_fixture.hpp"

namespace frugal::test {
namespace {

Shape two_tasks() {
    Shape shape;
    shape.task_count = 2;
    return shape;
}

class TwoTasks : public NodeTest {
protected:
    void SetUp() override {
        ASSERT_EQ(pair.boot(), FR_OK);
        pair.site.want(first());
        pair.site.also_wanted[2] = maker().make("fashion-tiny-2.tflite", 1, 256,
                                                [](auto& manifest) { manifest.set_task(2); });
        pair.connect();
    }
    void TearDown() override { expect_sound(pair); }

    void decide_both(int rounds) {
        for (int i = 0; i < rounds; ++i) {
            (void)pair.submit(1000, FR_PRIVACY_PUBLIC, 1);
            pair.run(100);
            (void)pair.submit(1000, FR_PRIVACY_PUBLIC, 2);
            pair.run(100);
        }
    }

    DeviceWorld pair{maker(), two_tasks()};
};

TEST_F(TwoTasks, AreInstalledOneAfterTheOther) {
    pair.run(60000);
    EXPECT_EQ(pair.status(1).phase, FR_PHASE_PROBATION);
    EXPECT_EQ(pair.status(2).phase, FR_PHASE_PROBATION)
        << "asked for again when the first was done";
    decide_both(FR_PROBATION_DECISIONS);
    pair.run(20000);
    EXPECT_EQ(pair.status(1).phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(pair.status(2).phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(pair.site.hello->tasks_size(), 2);
}

TEST_F(TwoTasks, ShareOneSequence) {
    pair.run(60000);
    decide_both(30);
    pair.run(20000);
    EXPECT_EQ(fr_node_next_sequence(&pair.node), 60U);
    EXPECT_EQ(pair.site.stored.size(), 60U);
    EXPECT_EQ(fr_node_acked_sequence(&pair.node), 60U);
}

TEST_F(TwoTasks, KeepTheirStateOverABoot) {
    pair.run(60000);
    decide_both(FR_PROBATION_DECISIONS);
    ASSERT_EQ(pair.boot(), FR_OK);
    const auto first = pair.status(1);
    const auto second = pair.status(2);
    EXPECT_EQ(first.release, 1U);
    EXPECT_EQ(second.release, 1U);
    EXPECT_FALSE(
        std::equal(first.model_digest, first.model_digest + FR_SHA256_SIZE, second.model_digest));
}

TEST_F(TwoTasks, AFallbackOfOneLeavesTheOther) {
    pair.run(60000);
    for (std::uint32_t i = 0; i < FR_PROBATION_DECISIONS; ++i) {
        ASSERT_EQ(pair.submit(1000, FR_PRIVACY_PUBLIC, 1), FR_OK);
    }
    for (std::uint32_t i = 0; i <= FR_BOOT_ATTEMPTS_MAX; ++i) {
        ASSERT_EQ(pair.boot(), FR_OK);
    }
    EXPECT_EQ(pair.status(1).phase, FR_PHASE_CONFIRMED);
    EXPECT_TRUE(pair.status(1).has_model);
    EXPECT_EQ(pair.status(2).reason, FR_REASON_WATCHDOG);
    EXPECT_FALSE(pair.status(2).has_model);
}

}  // namespace
}  // namespace frugal::test
