// SPDX-License-Identifier: Apache-2.0
// How tests drive campaigns: everywhere, in pairs, and what is printed and expected at the end.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "campaign.hpp"

namespace frugal::test {

class CampaignTest : public testing::Test {
protected:
    static const ReleaseMaker& maker() {
        static const ReleaseMaker instance;
        return instance;
    }

    static bool is_full() { return std::getenv("FRUGAL_POWERCUT_FULL") != nullptr; }

    /// From one release to the next, which is release 2; both must outlive the scenario.
    static Scenario update(const char* name, const Release& before, const Release& after) {
        Scenario scenario;
        scenario.name = name;
        scenario.prepare = [&before](DeviceWorld& world) { install_first(world, before); };
        scenario.change = [&after](SiteModel& site) { site.want(after); };
        scenario.is_over = [](const DeviceWorld& world) {
            const auto status = world.status();
            return status.phase == FR_PHASE_CONFIRMED && status.release == 2 &&
                   status.burned_counter == 2;
        };
        scenario.allowed_releases = {1, 2};
        return scenario;
    }

    static void install_first(DeviceWorld& world, const Release& release) {
        ASSERT_EQ(world.boot(), FR_OK);
        world.install(release);
        ASSERT_EQ(world.status().release, 1U);
    }

    /// The whole of a test: does harm, tells of it, and expects nothing to be wrong.
    template <typename Harm>
    static void expect_harmless(const char* name, const Scenario& scenario, const Harm& harm) {
        Campaign campaign(maker(), scenario);
        harm(campaign);
        report(name, campaign);
        expect_clean(campaign);
    }

    static void expect_no_cut_hurts(const char* name, const Scenario& scenario,
                                    std::uint64_t step = 1) {
        expect_harmless(name, scenario,
                        [step](Campaign& campaign) { cut_everywhere(campaign, step); });
    }

    static void expect_no_pair_of_cuts_hurts(const char* name, const Scenario& scenario,
                                             std::uint64_t count) {
        expect_harmless(name, scenario,
                        [count](Campaign& campaign) { cut_pairs(campaign, count); });
    }

    static void expect_no_fault_hurts(const char* name, const Scenario& scenario,
                                      std::uint64_t step) {
        expect_harmless(name, scenario, [step](Campaign& campaign) {
            for (std::uint64_t operation = 0; operation < campaign.operations();
                 operation += is_full() ? 1 : step) {
                campaign.run_with_fault(operation, kEveryTear[operation / step % 4]);
            }
        });
    }

    /// Every operation with every tear if asked to be thorough, else one in `step` with two of the
    /// four.
    static void cut_everywhere(Campaign& campaign, std::uint64_t step = 1) {
        for (std::uint64_t operation = 0; operation < campaign.operations();
             operation += is_full() ? 1 : step) {
            for (std::uint64_t i = 0; i < 4; ++i) {
                if (is_full() || (operation + i) % 4 == 0 || kEveryTear[i] == Tear::kHalf) {
                    campaign.run({{operation, kEveryTear[i]}});
                }
            }
        }
    }

    static void cut_pairs(Campaign& campaign, std::uint64_t count) {
        std::uint64_t state = 0x9E3779B97F4A7C15ULL;
        const auto next = [&state](std::uint64_t limit) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            return state % limit;
        };
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto second_limit = next(2) == 0 ? 40U : campaign.operations();
            campaign.run({{next(campaign.operations()), kEveryTear[next(4)]},
                          {next(second_limit), kEveryTear[next(4)]}});
        }
    }

    static void report(const char* name, const Campaign& campaign) {
        std::printf(
            "power cuts, %s: %llu operations, %llu runs, %llu cuts, %zu distinct flash states, "
            "%zu problems\n",
            name, static_cast<unsigned long long>(campaign.operations()),
            static_cast<unsigned long long>(campaign.runs()),
            static_cast<unsigned long long>(campaign.reboots()), campaign.states(),
            campaign.problems().size());
    }

    static void expect_clean(const Campaign& campaign) {
        for (const auto& problem : campaign.problems()) {
            ADD_FAILURE() << problem;
        }
    }
};

}  // namespace frugal::test
