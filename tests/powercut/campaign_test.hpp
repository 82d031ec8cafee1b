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
    static constexpr Tear kTears[] = {Tear::kClean, Tear::kHalf, Tear::kDone, Tear::kNoise};

    static bool is_full() { return std::getenv("FRUGAL_POWERCUT_FULL") != nullptr; }

    /// Every operation, or one in `step`; every tear of each if asked to be thorough, else two of
    /// the four.
    static void cut_everywhere(Campaign& campaign, std::uint64_t step = 1) {
        for (std::uint64_t operation = 0; operation < campaign.operations(); operation += step) {
            for (std::uint64_t i = 0; i < 4; ++i) {
                if (is_full() || (operation + i) % 4 == 0 || kTears[i] == Tear::kHalf) {
                    campaign.run({{operation, kTears[i]}});
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
            campaign.run({{next(campaign.operations()), kTears[next(4)]},
                          {next(second_limit), kTears[next(4)]}});
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
