// SPDX-License-Identifier: Apache-2.0
// The parts of the escalation desk, each alone: order, times, shares, standing queues, budgets,
// health and load.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.hpp"
#include "core/offload/deadline_tree.hpp"
#include "core/offload/edge_health.hpp"
#include "core/offload/fair_share.hpp"
#include "core/offload/load_meter.hpp"
#include "core/offload/service_times.hpp"
#include "core/offload/share_budget.hpp"
#include "core/offload/sojourn_guard.hpp"

namespace frugal::core {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

base::Instant at(milliseconds time) {
    return base::Instant{time};
}

// The tree against a sorted list that is walked from end to end.
TEST(DeadlineTree, AgreesWithAListThatIsWalked) {
    base::Rng rng(7);
    for (int round = 0; round < 40; ++round) {
        DeadlineTree tree;
        std::vector<DeadlineTree::Entry> list;
        for (std::uint64_t order = 0; order < 120; ++order) {
            DeadlineTree::Entry entry;
            entry.place = {static_cast<std::uint8_t>(rng.below(4)), at(milliseconds(rng.below(50))),
                           order};
            entry.work = microseconds(rng.below(5000));
            entry.latest = at(milliseconds(rng.below(400)));
            entry.is_promised = rng.chance(0.7);
            tree.insert(entry);
            list.push_back(entry);
            if (rng.chance(0.4)) {
                const auto victim = rng.below(list.size());
                tree.erase(list[victim].place);
                list.erase(list.begin() + static_cast<std::ptrdiff_t>(victim));
            }
        }
        std::ranges::sort(list, {}, &DeadlineTree::Entry::place);
        ASSERT_EQ(tree.size(), list.size());
        const Place asked{static_cast<std::uint8_t>(rng.below(4)), at(milliseconds(rng.below(50))),
                          rng.below(120)};
        base::Duration before{0};
        base::Duration sum{0};
        auto headroom = DeadlineTree::kNever;
        auto least = DeadlineTree::kNever;
        for (const auto& entry : list) {
            const base::Instant slack{entry.latest.since_start - sum};
            before += entry.place < asked ? entry.work : base::Duration(0);
            headroom =
                entry.is_promised && asked < entry.place ? std::min(headroom, slack) : headroom;
            least = entry.is_promised ? std::min(least, slack) : least;
            sum += entry.work;
        }
        EXPECT_EQ(tree.work_before(asked), before);
        EXPECT_EQ(tree.work(), sum);
        EXPECT_EQ(tree.headroom_behind(asked), headroom);
        EXPECT_EQ(tree.hopeless(least), nullptr);
        const auto* lost = tree.hopeless(least + microseconds(1));
        ASSERT_NE(lost, nullptr);
        EXPECT_TRUE(lost->is_promised);
        EXPECT_EQ(lost->latest.since_start - tree.work_before(lost->place), least.since_start);
    }
}

TEST(QuantileSketch, IsExactToANinthAndForgets) {
    QuantileSketch sketch(1000);
    for (int i = 1; i <= 1000; ++i) {
        sketch.add(microseconds(i * 100));
    }
    const auto p50 = static_cast<double>(sketch.quantile(500).count());
    const auto p99 = static_cast<double>(sketch.quantile(990).count());
    EXPECT_NEAR(p50, 50'000, 50'000 / 9.0);
    EXPECT_NEAR(p99, 99'000, 99'000 / 9.0);
    for (int i = 0; i < 6000; ++i) {
        sketch.add(milliseconds(1));
    }
    EXPECT_LT(sketch.quantile(950), milliseconds(2)) << "what was long ago weighs nothing";
    sketch.clear();
    EXPECT_TRUE(sketch.is_empty());
    EXPECT_EQ(sketch.quantile(500), base::Duration(0));
}

TEST(ServiceTimes, LargerBatchesAreTriedOnlyWhileTheyPay) {
    ServiceTimes times(milliseconds(5), 8);
    EXPECT_EQ(times.best_size(1), 1U) << "nothing measured yet";
    EXPECT_EQ(times.typical(1, 4), milliseconds(20)) << "scaled up";
    for (int i = 0; i < 40; ++i) {
        times.add(1, 1, milliseconds(10), false);
    }
    EXPECT_EQ(times.best_size(1), 2U) << "a trial";
    for (int i = 0; i < 40; ++i) {
        times.add(1, 2, milliseconds(20), false);
    }
    EXPECT_EQ(times.best_size(1), 1U) << "twice the time for two: nothing gained";
    for (int i = 0; i < 80; ++i) {
        times.add(1, 1, milliseconds(10), false);
    }
    EXPECT_EQ(times.best_size(1), 2U) << "that was long ago: tried again";
    times.add(1, 2, milliseconds(11), false);
    EXPECT_EQ(times.typical(1, 2), milliseconds(11)) << "and what was known of it is void";
    for (int i = 0; i < 40; ++i) {
        times.add(2, 1, milliseconds(10), false);
        times.add(2, 2, milliseconds(11), false);
        times.add(2, 4, milliseconds(13), false);
        times.add(2, 8, milliseconds(18), false);
    }
    EXPECT_EQ(times.best_size(2), 8U);
    EXPECT_LT(times.share(2), milliseconds(5)) << "batches of 4 on average";
    EXPECT_GT(times.slow(2, 8), milliseconds(15));
}

TEST(FairShare, GivesEachGroupAndEachDeviceTheSame) {
    FairShare shares(milliseconds(20));
    base::Rng rng(3);
    // Group 0 has one device that asks ten times as often; group 1 has three modest ones.
    std::map<int, int> served;
    for (int i = 0; i < 60'000; ++i) {
        const int who = rng.chance(0.77) ? 0 : 1 + static_cast<int>(rng.below(3));
        const GroupNumber group = who == 0 ? 0 : 1;
        const auto device = static_cast<DeviceNumber>(who);
        if (shares.may_have(group, device) && rng.chance(0.999)) {
            shares.charge(group, device, milliseconds(2));
            ++served[who];
            shares.done(group, milliseconds(2));
        }
    }
    const int others = served[1] + served[2] + served[3];
    EXPECT_NEAR(served[0], others, others / 5) << "half to each group while both ask";
    EXPECT_NEAR(served[1], served[2], served[1] / 5);
    EXPECT_NEAR(served[2], served[3], served[2] / 5);
}

TEST(FairShare, NobodyAloneIsHeldBack) {
    FairShare shares(milliseconds(20));
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(shares.may_have(0, DeviceNumber{1}));
        shares.charge(0, DeviceNumber{1}, milliseconds(5));
    }
    EXPECT_TRUE(shares.may_have(0, DeviceNumber{2})) << "a newcomer has his own";
    EXPECT_FALSE(shares.may_have(0, DeviceNumber{1})) << "who had everything waits for his turn";
}

// One device asks for work of five quanta, the other for a quarter of one: engine time is equal.
TEST(FairShare, WhoAsksForLongWorkGetsNoMoreOfTheEngine) {
    FairShare shares(milliseconds(20));
    std::array<milliseconds, 2> had{milliseconds(0), milliseconds(0)};
    for (int turn = 0; turn < 40'000; ++turn) {
        const auto who = static_cast<std::size_t>(turn) % 2;
        const auto work = who == 0 ? milliseconds(100) : milliseconds(5);
        const auto device = static_cast<DeviceNumber>(who);
        if (shares.may_have(0, device)) {
            shares.charge(0, device, work);
            shares.done(0, work);
            had[who] += work;
        }
    }
    EXPECT_GT(had[0].count(), had[1].count() / 2);
    EXPECT_LT(had[0].count(), had[1].count() * 3 / 2);
}

TEST(FairShare, WhatIsGivenBackIsWhatWasTaken) {
    FairShare shares(milliseconds(20));
    const DeviceNumber device{1};
    ASSERT_TRUE(shares.may_have(0, device));
    ASSERT_TRUE(shares.may_have(0, DeviceNumber{2})) << "two share";
    for (int i = 0; i < 100; ++i) {
        shares.charge(0, device, milliseconds(10));  // far beyond what a debt may be
    }
    for (int i = 0; i < 100; ++i) {
        shares.refund(0, device, shares.charge(0, device, milliseconds(10)));
    }
    EXPECT_FALSE(shares.may_have(0, device)) << "as poor as before";
}

TEST(SojournGuard, AQueueStandsOnlyAfterAWholeInterval) {
    SojournGuard guard(milliseconds(5), milliseconds(100));
    EXPECT_EQ(guard.target(milliseconds(16)), milliseconds(2)) << "an eighth of the slack";
    EXPECT_EQ(guard.target(seconds(1)), milliseconds(5));
    guard.on_start(at(milliseconds(0)), true);
    guard.on_start(at(milliseconds(99)), true);
    EXPECT_FALSE(guard.is_standing()) << "a burst";
    EXPECT_FALSE(guard.takes_drop(at(milliseconds(99))));
    guard.on_start(at(milliseconds(100)), true);
    EXPECT_TRUE(guard.is_standing());
    EXPECT_TRUE(guard.takes_drop(at(milliseconds(100))));
    EXPECT_FALSE(guard.takes_drop(at(milliseconds(150))));
    int drops = 0;
    for (int time = 200; time < 1200; ++time) {
        drops += guard.takes_drop(at(milliseconds(time))) ? 1 : 0;
    }
    EXPECT_GT(drops, 20) << "faster and faster";
    guard.on_start(at(milliseconds(1200)), false);
    EXPECT_FALSE(guard.is_standing()) << "the oldest hardly waited";
}

// Drift plus penalty in the loop it is made for: a device escalates when its gain beats the price.
TEST(ShareBudget, KeepsTheLongRunShareWithinFivePercent) {
    for (const std::uint32_t share : {50U, 100U, 200U, 400U}) {
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            base::Rng rng(seed * 1000 + share);
            ShareBudget budget;
            const ShareBudget::Key key{1, 0};
            std::uint64_t escalated = 0;
            constexpr std::uint64_t kTasks = 40'000;
            for (std::uint64_t task = 0; task < kTasks; ++task) {
                const auto gain = rng.below(256);
                const auto price = budget.price(key);
                const DeviceNumber device{static_cast<std::uint32_t>(task % 3)};
                if (gain >= price && budget.may_escalate(key, device)) {
                    budget.on_escalated(key, device);
                    ++escalated;
                }
                budget.on_decisions(key, device, 1, share);
            }
            const auto achieved = static_cast<double>(escalated) / kTasks;
            EXPECT_NEAR(achieved, share / 1000.0, share / 1000.0 * 0.05) << "seed " << seed;
        }
    }
}

TEST(ShareBudget, StopsAGroupThatIsBlindToPrices) {
    ShareBudget budget;
    const ShareBudget::Key key{1, 0};
    std::uint64_t escalated = 0;
    const DeviceNumber device{1};
    for (int task = 0; task < 100'000; ++task) {
        if (budget.may_escalate(key, device)) {
            budget.on_escalated(key, device);
            ++escalated;
        }
        budget.on_decisions(key, device, 1, 100);
    }
    EXPECT_NEAR(static_cast<double>(escalated), 10'000, 500);
    EXPECT_EQ(budget.price({1, 1}), 0) << "another group's own affair";
    budget.forget(1);
    EXPECT_EQ(budget.price(key), 0);
}

TEST(ShareBudget, OneBlindDeviceLeavesTheOthersTheirs) {
    ShareBudget budget;
    const ShareBudget::Key key{1, 0};
    base::Rng rng(5);
    std::array<std::uint64_t, 50> escalated{};
    for (std::uint64_t task = 0; task < 500'000; ++task) {
        const auto who = task % escalated.size();
        const DeviceNumber device{static_cast<std::uint32_t>(who)};
        const bool is_blind = who == 0;
        if ((is_blind || rng.below(256) >= budget.price(key)) && budget.may_escalate(key, device)) {
            budget.on_escalated(key, device);
            ++escalated[who];
        }
        budget.on_decisions(key, device, 1, 100);
    }
    EXPECT_LT(escalated[0], 1'200) << "of 10,000 a tenth, and what it may be in debt";
    EXPECT_GT(std::ranges::min(escalated), 800U);
}

TEST(ShareBudget, AKillForgetsNoneOfItOrLessThanEight) {
    const ShareBudget::Key key{1, 0};
    base::Rng rng(11);
    for (int life = 0; life < 200; ++life) {
        ShareBudget budget;
        std::map<std::optional<DeviceNumber>, std::int64_t> disk;
        const auto save = [&] {
            for (const auto& change : budget.take_changes()) {
                disk[change.device] = change.length_permille;
            }
        };
        const auto steps = rng.below(400);
        for (std::uint64_t i = 0; i < steps; ++i) {
            const DeviceNumber device{static_cast<std::uint32_t>(rng.below(3))};
            budget.on_escalated(key, device);
            budget.on_decisions(key, device, static_cast<std::uint32_t>(rng.below(12)), 100);
            save();
        }
        ShareBudget again;
        for (const auto& [device, length] : disk) {
            again.restore({key, device, length});
        }
        const int before = budget.price(key);
        const int after = again.price(key);
        const auto stored = disk.find(std::nullopt);
        const bool is_known = stored != disk.end() && stored->second != 0;
        EXPECT_GE(after, is_known ? before : before - 32) << life;
        EXPECT_LE(after, std::min(255, before + 64)) << life;
    }
}

TEST(ShareBudget, ShortLivesAddUp) {
    const ShareBudget::Key key{1, 0};
    std::map<std::optional<DeviceNumber>, std::int64_t> disk;
    int taken = 0;
    for (int life = 0; life < 60; ++life) {
        ShareBudget budget;
        for (const auto& [device, length] : disk) {
            budget.restore({key, device, length});
        }
        for (int i = life == 0 ? 8 : 7; i > 0 && budget.may_escalate(key, DeviceNumber{0}); --i) {
            budget.on_escalated(key, DeviceNumber{0});
            for (const auto& change : budget.take_changes()) {
                disk[change.device] = change.length_permille;
            }
            ++taken;
        }
    }
    EXPECT_LT(taken, 2 * ShareBudget::kPatience) << "who dies often gives nothing away";
}

TEST(ShareBudget, StoresSeldomAndTheEnd) {
    ShareBudget budget;
    const ShareBudget::Key key{1, 0};
    const DeviceNumber device{1};
    std::size_t stored = 0;
    for (int i = 0; i < 64; ++i) {
        budget.on_escalated(key, device);
        stored += budget.take_changes().size();
    }
    EXPECT_EQ(stored, 16U) << "every eighth, of group and device";
    budget.forget(1);
    const auto gone = budget.take_changes();
    ASSERT_EQ(gone.size(), 2U);
    EXPECT_EQ(gone[0].length_permille, 0);
    budget.restore(gone[0]);
    EXPECT_EQ(budget.price(key), 0);
}

TEST(EdgeHealth, IsDownAfterFailuresInARowAndTriedEverMoreRarely) {
    EdgeHealth health(3, seconds(1), seconds(4));
    const auto fail = [&health](milliseconds started, milliseconds now) {
        health.on_failure(1, at(started), at(now));
    };
    fail(milliseconds(0), milliseconds(0));
    fail(milliseconds(0), milliseconds(0));
    EXPECT_FALSE(health.down_until(1, at(milliseconds(0))));
    fail(milliseconds(0), milliseconds(0));
    EXPECT_EQ(health.down_until(1, at(milliseconds(0))), at(milliseconds(1000)));
    EXPECT_FALSE(health.down_until(1, at(milliseconds(1000)))) << "may be tried";
    EXPECT_TRUE(health.is_on_trial(1));
    fail(milliseconds(999), milliseconds(1000));
    EXPECT_FALSE(health.down_until(1, at(milliseconds(1000)))) << "it began before, no trial";
    fail(milliseconds(1000), milliseconds(1000));
    EXPECT_EQ(health.down_until(1, at(milliseconds(1000))), at(milliseconds(3000)));
    fail(milliseconds(3000), milliseconds(3000));
    fail(milliseconds(7000), milliseconds(7000));
    EXPECT_EQ(health.down_until(1, at(milliseconds(7000))), at(milliseconds(11'000))) << "at most";
    EXPECT_FALSE(health.down_until(2, at(milliseconds(7000)))) << "another task's model";
    health.on_success(1);
    EXPECT_FALSE(health.is_on_trial(1));
    health.on_hang(1, at(milliseconds(0)), at(milliseconds(0)));
    EXPECT_TRUE(health.down_until(1, at(milliseconds(0)))) << "once is enough";
    health.forget(1);
    EXPECT_FALSE(health.down_until(1, at(milliseconds(0)))) << "another model";
}

TEST(LoadMeter, OnlyAFullQueueSaysStop) {
    LoadMeter meter(milliseconds(20));
    EXPECT_EQ(meter.load(0, 256, 0, 1024), 0);
    EXPECT_EQ(meter.load(256, 256, 0, 1024), 255);
    EXPECT_EQ(meter.load(0, 256, 1024, 1024), 255);
    for (int i = 0; i < 100; ++i) {
        meter.on_start(at(milliseconds(i)), seconds(1));
    }
    meter.set_host({255, 255});
    EXPECT_EQ(meter.load(0, 256, 0, 1024), 254);
    meter.on_idle();
    meter.set_host({100, 30});
    EXPECT_EQ(meter.load(0, 256, 0, 1024), 100);
    EXPECT_EQ(LoadMeter::price_of(127), 0);
    EXPECT_EQ(LoadMeter::price_of(255), 255);
}

TEST(LoadMeter, WhatWasLongAgoFadesAlsoWhileNothingStarts) {
    LoadMeter meter(milliseconds(20));
    for (int i = 0; i < 8; ++i) {
        meter.on_start(at(milliseconds(0)), seconds(1));
    }
    EXPECT_EQ(meter.load(0, 256, 0, 1024), 254);
    for (int time = 1; time < 6; ++time) {
        meter.on_time(at(seconds(time)));
    }
    EXPECT_EQ(meter.load(0, 256, 0, 1024), 0);
}

}  // namespace
}  // namespace frugal::core
