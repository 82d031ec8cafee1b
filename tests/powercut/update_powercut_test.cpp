// SPDX-License-Identifier: Apache-2.0
// Cuts the power at every flash operation of an update, a fallback and a rollback, then goes on.
#include "campaign_test.hpp"

namespace frugal::test {
namespace {

class PowerCut : public CampaignTest {
protected:
    static const Release& first() {
        static const Release release = maker().make("fashion-tiny-1.tflite", 1);
        return release;
    }
    static const Release& second() {
        static const Release release = maker().make("fashion-tiny-2.tflite", 2);
        return release;
    }

    /// The first fine-tuned, sent as a delta of it.
    static const Release& tuned() {
        static const Release release = maker().tune(first(), 2);
        return release;
    }
};

TEST_F(PowerCut, AtEveryOperationOfAnUpdate) {
    expect_no_cut_hurts("update", update("update", first(), second()));
}

TEST_F(PowerCut, AtEveryOperationOfADeltaUpdate) {
    expect_no_cut_hurts("delta update", update("delta update", first(), tuned()));
}

TEST_F(PowerCut, TwiceInAnUpdate) {
    expect_no_pair_of_cuts_hurts("update, pairs", update("update", first(), second()),
                                 is_full() ? 20000 : 600);
}

TEST_F(PowerCut, AFailingOperationOfAnUpdateIsOvercome) {
    expect_no_fault_hurts("update, failing flash", update("update", first(), second()), 3);
}

TEST_F(PowerCut, AtEveryOperationOfTheFirstInstallation) {
    Scenario scenario;
    scenario.name = "first";
    scenario.prepare = [](DeviceWorld& world) { ASSERT_EQ(world.boot(), FR_OK); };
    scenario.change = [](SiteModel& site) { site.want(first()); };
    scenario.is_over = [](const DeviceWorld& world) {
        return world.status().phase == FR_PHASE_CONFIRMED && world.status().release == 1;
    };
    scenario.allowed_releases = {0, 1};
    expect_no_cut_hurts("first installation", scenario);
}

TEST_F(PowerCut, AtEveryOperationOfAFallbackFromProbation) {
    // The candidate runs, but the power fails too often inside its probation.
    Scenario scenario;
    scenario.name = "fallback";
    scenario.prepare = [](DeviceWorld& world) {
        install_first(world, first());
        world.site.want(second());
        world.disconnect();
        world.connect();
        world.run(30000);
        ASSERT_EQ(world.status().phase, FR_PHASE_PROBATION);
        for (std::uint32_t i = 0; i < FR_BOOT_ATTEMPTS_MAX; ++i) {
            ASSERT_EQ(world.boot(), FR_OK);
        }
        ASSERT_EQ(world.status().phase, FR_PHASE_PROBATION);
    };
    // The site gives up on it as well.
    scenario.change = [](SiteModel& site) { site.want(first()); };
    scenario.is_over = [](const DeviceWorld& world) {
        return world.status().phase == FR_PHASE_CONFIRMED && world.status().release == 1;
    };
    scenario.allowed_releases = {1};
    expect_no_cut_hurts("fallback from probation", scenario);
}

TEST_F(PowerCut, AtEveryOperationOfARollback) {
    Scenario scenario;
    scenario.name = "rollback";
    static const Release back = maker().again(first(), 3);
    scenario.prepare = [](DeviceWorld& world) {
        install_first(world, first());
        world.install(second());
        ASSERT_EQ(world.status().burned_counter, 2U);
    };
    scenario.change = [](SiteModel& site) {
        site.want(back);
        site.offers_artifact = false;
    };
    scenario.is_over = [](const DeviceWorld& world) {
        return world.status().phase == FR_PHASE_CONFIRMED && world.status().release == 3 &&
               world.site.chunk_bytes_sent == 0;
    };
    scenario.allowed_releases = {2, 3};
    Campaign campaign(maker(), scenario);
    cut_everywhere(campaign);
    cut_pairs(campaign, is_full() ? 5000 : 200);
    report("rollback by flip", campaign);
    expect_clean(campaign);
}

TEST_F(PowerCut, AtEveryOperationOfDecisionsThatOverflowTheirRing) {
    // Nothing gets through: the ring wraps, sectors are given up, escalations stay open.
    Scenario scenario;
    scenario.name = "ring";
    scenario.shape.decision_sectors = 2;
    scenario.shape.sector_size = 512;
    scenario.prepare = [](DeviceWorld& world) {
        world.site.policy = maker().policy(1, 255);
        install_first(world, first());
        world.site.answer = Answer::kSilence;
        world.site.hears_decisions = false;
        for (int i = 0; i < 30; ++i) {
            ASSERT_EQ(world.submit(200), FR_OK);
            world.run(100);
        }
    };
    scenario.change = [](SiteModel& site) { site.credit = 16; };
    scenario.is_over = [](const DeviceWorld& world) {
        // The link heals once the ring has surely wrapped.
        auto& site = const_cast<DeviceWorld&>(world).site;
        site.hears_decisions = site.hears_decisions || fr_node_next_sequence(&world.node) >= 60;
        return site.hears_decisions;
    };
    scenario.allowed_releases = {1};
    Campaign campaign(maker(), scenario);
    EXPECT_GT(campaign.declared_dropped(), 0U) << "the ring must overflow";
    cut_everywhere(campaign);
    cut_pairs(campaign, is_full() ? 5000 : 200);
    report("decision ring", campaign);
    expect_clean(campaign);
}

TEST_F(PowerCut, AtEveryOperationOfFormatting) {
    const ReleaseMaker& signer = maker();
    DeviceWorld calm(signer);
    ASSERT_EQ(calm.boot(), FR_OK);
    const auto operations = calm.flash.operations();
    for (std::uint64_t operation = 0; operation < operations; ++operation) {
        for (const auto tear : kEveryTear) {
            DeviceWorld world(signer);
            world.flash.cut_at(operation, tear);
            EXPECT_NE(world.boot(), FR_OK);
            world.flash.power_on();
            ASSERT_EQ(world.boot(), FR_OK) << operation;
            EXPECT_NE(fr_node_stream(&world.node), 0U);
            EXPECT_EQ(world.flash.breaches(), std::vector<std::string>{});
        }
    }
}

}  // namespace
}  // namespace frugal::test
