// SPDX-License-Identifier: Apache-2.0
// How long an answer's way back takes, told from what arrived, what came late and what got lost.
#include <gtest/gtest.h>

#include "base/rng.hpp"
#include "core/offload/return_times.hpp"
#include "core/offload/sent_answers.hpp"

namespace frugal::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

base::Instant at(milliseconds time) {
    return base::Instant{time};
}

constexpr DeviceNumber kSlow{1};

/// Answers with up to 400 ms left over a way of 60 to 80 ms, some of them lost; how many of the
/// last half came too late although the allowance was kept.
int broken_promises(ReturnTimes& returns, double loss) {
    base::Rng rng(9);
    int broken = 0;
    for (int i = 0; i < 2'000; ++i) {
        const auto now = at(milliseconds(i * 20));
        const auto way = milliseconds(60 + rng.below(20));
        const auto slack = milliseconds(rng.below(400));
        if (slack < returns.allowance(kSlow, now)) {
            continue;  // turned away
        }
        const bool is_late = way > slack;
        broken += i >= 1'000 && is_late ? 1 : 0;
        is_late || rng.chance(loss) ? returns.on_late(kSlow, slack, now)
                                    : returns.on_time(kSlow, slack, now);
    }
    return broken;
}

TEST(ReturnTimes, FindTheTimeTheWayTakesWhateverGetsLost) {
    for (const double loss : {0.0, 0.01, 0.1, 0.3}) {
        ReturnTimes returns(milliseconds(5));
        EXPECT_LT(broken_promises(returns, loss), 50) << loss;
        EXPECT_LE(returns.allowance(kSlow, at(milliseconds(40'000))), milliseconds(128)) << loss;
        EXPECT_EQ(returns.allowance(DeviceNumber{2}, at(seconds(40))), milliseconds(5))
            << "another's own affair";
        EXPECT_EQ(returns.allowance(kSlow, at(seconds(600))), milliseconds(5)) << "long ago";
    }
}

TEST(ReturnTimes, LossAloneIsNoReasonToTurnAnybodyAway) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        ReturnTimes returns(milliseconds(5));
        base::Rng rng(seed);
        int wrong = 0;
        for (int i = 0; i < 3'000; ++i) {
            const auto now = at(milliseconds(i * 20));
            const auto slack = milliseconds(5 + rng.below(400));
            rng.chance(0.02) ? returns.on_late(kSlow, slack, now)
                             : returns.on_time(kSlow, slack, now);
            wrong += returns.allowance(kSlow, now) > milliseconds(5) ? 1 : 0;
        }
        EXPECT_LE(wrong, 30) << "of 3,000; seed " << seed;
    }
}

TEST(ReturnTimes, WhereNothingEverComesBackNoMoreIsPromisedForAWhile) {
    ReturnTimes returns(milliseconds(5));
    for (int i = 0; i < 20; ++i) {
        returns.on_late(kSlow, milliseconds(200), at(milliseconds(i)));
    }
    EXPECT_EQ(returns.allowance(kSlow, at(milliseconds(20))), milliseconds(256));
    EXPECT_EQ(returns.allowance(kSlow, at(seconds(120))), milliseconds(5)) << "then it is tried";
}

TEST(SentAnswers, AreKeptForMinutesAndTakenOnce) {
    SentAnswers sent;
    const TaskInstance instance{kSlow, {7}, 1};
    sent.note(instance, milliseconds(30), at(milliseconds(0)));
    for (std::uint64_t i = 2; i < 10'000; ++i) {
        sent.note({kSlow, {7}, i}, milliseconds(5), at(milliseconds(static_cast<int>(i))));
    }
    EXPECT_EQ(sent.take(instance), milliseconds(30));
    EXPECT_FALSE(sent.take(instance));
    sent.note(instance, milliseconds(40), at(seconds(200)));
    EXPECT_FALSE(sent.take({kSlow, {7}, 2})) << "too long ago";
    EXPECT_EQ(sent.take(instance), milliseconds(40));
}

}  // namespace
}  // namespace frugal::core
