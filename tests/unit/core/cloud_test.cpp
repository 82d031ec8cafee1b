// SPDX-License-Identifier: Apache-2.0
// The third tier: asked only for public inputs the edge doubts, in time, within budget, while the
// server works; and whatever it does, each task instance is settled once and in time.
#include <type_traits>
#include <vector>

#include "core/public_features.hpp"
#include "unit/core/site_world.hpp"

namespace frugal::core {
namespace {

using std::chrono::milliseconds;

static_assert(!std::is_constructible_v<PublicFeatures, Features>,
              "only PublicFeatures::from() makes one, from a public task's input");
static_assert(!std::is_convertible_v<Features, PublicFeatures>);
static_assert(!std::is_default_constructible_v<PublicFeatures>);

CoreConfig cloud_config() {
    CoreConfig config;
    config.offload.first_service_time = milliseconds(10);
    config.cloud.tasks = {{.task = 1, .model = "large", .below_q8 = 128},
                          {.task = 2, .model = "other", .below_q8 = 128}};
    config.cloud.calls_per_day = 20;
    config.cloud.in_flight = 2;
    config.cloud.first_round_trip = milliseconds(100);
    config.cloud.return_allowance = milliseconds(20);
    return config;
}

class Cloud : public ::testing::Test {
protected:
    Cloud() : world(cloud_config()) {
        world.enrol("dev");
        world.say("dev", hello("dev"));
        define(1, TaskPrivacy::kPublic);
        world.get<Done>(SetEdgeModel{
            {.task = 1, .digest = digest_of(80), .name = "big", .input_bytes = 3}, {}});
        world.take();
    }
    void define(std::uint32_t task, TaskPrivacy privacy) {
        world.get<Done>(DefineTask{{.task = task,
                                    .name = "task-" + std::to_string(task),
                                    .labels = {"a", "b", "c"},
                                    .privacy = privacy}});
    }
    void escalate(bool may_go_on = true, std::uint32_t deadline_ms = 1000, std::uint32_t task = 1) {
        Escalate message;
        message.stream = {7};
        message.sequence = next_sequence++;
        message.task = task;
        message.deadline_ms = deadline_ms;
        message.local_class = 2;
        message.policy_reason = PolicyReason::kEscalateGain;
        message.may_go_on = may_go_on;
        message.features = Features({1, 2, 3});
        world.say("dev", std::move(message));
    }
    /// The edge answers the inference asked for last, giving back what it was to give back.
    void edge_says(std::uint8_t confidence) {
        const auto* infer = world.performed<Infer>().back();
        InferenceDone done{infer->work, {EdgeAnswer{1, confidence, 0xABCD}}, milliseconds(10)};
        done.doubted.resize(infer->doubt_below.size());
        if (!infer->doubt_below.empty() && confidence < infer->doubt_below[0]) {
            done.doubted[0] = Features({1, 2, 3});
        }
        world.give(std::move(done));
    }
    void escalate_doubtful() {
        escalate();
        edge_says(100);
    }
    void cloud_says(base::Result<EdgeAnswer> answer, milliseconds after = milliseconds(50)) {
        const auto work = world.performed<AskCloud>().back()->work;
        world.advance(after);
        world.give(CloudDone{work, std::move(answer)});
    }
    static base::Result<EdgeAnswer> failure() {
        return base::fail(base::ErrorKind::kUnavailable, "503");
    }
    Verdict last_verdict() { return world.sent<Verdict>("dev").back(); }
    CloudStatistics statistics() {
        return world.get<EscalationStatistics>(GetEscalationStatistics{}).cloud;
    }
    void hang();
    std::size_t asked() const { return world.performed<AskCloud>().size(); }

    SiteWorld world;
    std::uint64_t next_sequence = 0;
};

TEST_F(Cloud, AnswersWhatTheEdgeDoubts) {
    escalate_doubtful();
    ASSERT_EQ(asked(), 1U);
    const auto* ask = world.performed<AskCloud>()[0];
    EXPECT_EQ(ask->model, "large");
    EXPECT_EQ(ask->classes, 3U) << "the task's: an answer of another number is a failure";
    EXPECT_EQ(ask->privacy, TaskPrivacy::kPublic);
    EXPECT_EQ(ask->features.size(), 3U);
    EXPECT_TRUE(world.sent<Verdict>("dev").empty()) << "one verdict only";
    cloud_says(EdgeAnswer{0, 250});
    EXPECT_EQ(last_verdict().tier, Tier::kCloud);
    EXPECT_EQ(last_verdict().class_id, 0U);
    EXPECT_EQ(world.sent<Verdict>("dev").size(), 1U);
    EXPECT_EQ(statistics().answered, 1U);
}

TEST_F(Cloud, IsNotAskedWhatTheEdgeKnows) {
    escalate();
    edge_says(128);
    EXPECT_EQ(asked(), 0U);
    EXPECT_EQ(last_verdict().tier, Tier::kEdge);
}

struct PrivateCase {
    const char* case_name;
    TaskPrivacy privacy;
    bool may_go_on;
};

TEST_F(Cloud, NeverSeesWhatMustNotLeave) {
    const PrivateCase cases[] = {
        {"the task stays at the edge", TaskPrivacy::kEdgeOnly, true},
        {"the task stays on the device", TaskPrivacy::kNever, true},
        {"the device did not let it go", TaskPrivacy::kPublic, false},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.case_name);
        define(1, row.privacy);
        escalate(row.may_go_on);
        if (row.privacy != TaskPrivacy::kNever) {
            // Even an input that comes back although it was not to.
            InferenceDone done{
                world.performed<Infer>().back()->work, {EdgeAnswer{1, 3, 1}}, milliseconds(10)};
            done.doubted.push_back(Features({1, 2, 3}));
            world.give(std::move(done));
        }
        EXPECT_EQ(asked(), 0U);
    }
}

TEST_F(Cloud, AnswersWhereThereIsNoEdgeModel) {
    define(2, TaskPrivacy::kPublic);
    escalate(true, 1000, 2);
    ASSERT_EQ(asked(), 1U);
    EXPECT_TRUE(world.performed<Infer>().empty());
    cloud_says(EdgeAnswer{1, 250});
    EXPECT_EQ(last_verdict().tier, Tier::kCloud);
}

TEST_F(Cloud, WithoutAnyAnswerTheDevicesOwnStands) {
    define(2, TaskPrivacy::kPublic);
    escalate(true, 1000, 2);
    cloud_says(failure());
    EXPECT_EQ(last_verdict().status, VerdictStatus::kRefused);
}

TEST_F(Cloud, TheEdgesAnswerStandsWhenTheServerFails) {
    escalate_doubtful();
    cloud_says(failure());
    EXPECT_EQ(last_verdict().tier, Tier::kEdge);
    EXPECT_EQ(last_verdict().class_id, 1U);
    EXPECT_EQ(statistics().failed, 1U);
}

TEST_F(Cloud, TheEdgesAnswerComesInTimeWhenTheServerHangs) {
    escalate_doubtful();
    ASSERT_EQ(asked(), 1U);
    world.advance(milliseconds(990));
    ASSERT_EQ(world.sent<Verdict>("dev").size(), 1U);
    EXPECT_EQ(last_verdict().tier, Tier::kEdge);
    world.give(CloudDone{world.performed<AskCloud>()[0]->work, EdgeAnswer{0, 250}});
    EXPECT_EQ(world.sent<Verdict>("dev").size(), 1U) << "settled once";
    EXPECT_EQ(statistics().expired, 1U);
}

// Answers sent 30 ms before the deadline came too late to this device.
TEST_F(Cloud, TheEdgesAnswerLeavesEarlierForADeviceThatIsFarAway) {
    for (int i = 0; i < 8; ++i) {
        escalate(true, 40);
        world.advance(milliseconds(10));
        edge_says(200);
    }
    auto late = decisions(0, 8);
    std::fill_n(late.outcomes.begin(), 8, std::uint8_t{0x1E});
    world.say("dev", late);
    escalate_doubtful();
    ASSERT_EQ(asked(), 1U);
    EXPECT_EQ(world.performed<AskCloud>()[0]->deadline, world.now.instant + milliseconds(968))
        << "the server has no longer than that";
    world.advance(milliseconds(968));
    EXPECT_EQ(world.sent<Verdict>("dev").size(), 9U);
    EXPECT_EQ(last_verdict().tier, Tier::kEdge);
}

TEST_F(Cloud, IsNotAskedWhatItCannotAnswerInTime) {
    escalate_doubtful();
    cloud_says(EdgeAnswer{0, 250}, milliseconds(500));
    escalate(true, 400);
    edge_says(100);
    EXPECT_EQ(asked(), 1U);
    EXPECT_EQ(last_verdict().tier, Tier::kEdge);
    EXPECT_EQ(statistics().too_late, 1U);
}

TEST_F(Cloud, ASlowSpellIsForgottenByTryingAgain) {
    escalate_doubtful();
    cloud_says(EdgeAnswer{0, 250}, milliseconds(500));
    world.advance(std::chrono::seconds(31));
    escalate(true, 400);
    edge_says(100);
    EXPECT_EQ(asked(), 2U);
}

TEST_F(Cloud, RestsAfterFiveFailuresAndTriesOnce) {
    for (int i = 0; i < 5; ++i) {
        escalate_doubtful();
        cloud_says(failure(), milliseconds(10));
    }
    escalate_doubtful();
    EXPECT_EQ(asked(), 5U);
    EXPECT_EQ(statistics().breaker, "open");
    EXPECT_EQ(statistics().broken, 1U);
    world.advance(std::chrono::seconds(31));
    escalate_doubtful();
    escalate_doubtful();
    EXPECT_EQ(asked(), 6U) << "one probe at a time";
    EXPECT_EQ(statistics().breaker, "half-open");
    cloud_says(EdgeAnswer{0, 250}, milliseconds(10));
    EXPECT_EQ(statistics().breaker, "closed");
    EXPECT_EQ(world.sent<Verdict>("dev").size(), next_sequence);
}

// Eight questions that hang until their deadlines, more if the breaker lets them.
void Cloud::hang() {
    for (int i = 0; i < 4; ++i) {
        escalate_doubtful();
        escalate_doubtful();
        world.advance(milliseconds(980));
        // What is given grows the list that performed() points into: the works are copied first.
        const auto in_flight = static_cast<std::ptrdiff_t>(statistics().in_flight);
        std::vector<base::WorkId> works;
        for (const auto* ask : world.performed<AskCloud>()) {
            works.push_back(ask->work);
        }
        for (auto work = works.end() - in_flight; work != works.end(); ++work) {
            world.give(CloudDone{*work, failure()});
        }
    }
}

TEST_F(Cloud, IsAskedAsBeforeOnceAHangIsOver) {
    hang();
    ASSERT_EQ(statistics().breaker, "open");
    world.advance(std::chrono::seconds(31));
    auto before = asked();
    escalate(true, 400);
    edge_says(100);
    ASSERT_EQ(asked(), before + 1) << "the probe";
    cloud_says(EdgeAnswer{0, 250}, milliseconds(40));
    ASSERT_EQ(statistics().breaker, "closed");
    EXPECT_EQ(statistics().round_trip_p95, milliseconds(40)) << "what was before says nothing now";
    for (int i = 0; i < 3; ++i) {
        before = asked();
        escalate(true, 400);
        edge_says(100);
        ASSERT_EQ(asked(), before + 1) << i;
        cloud_says(EdgeAnswer{0, 250}, milliseconds(40));
        EXPECT_EQ(last_verdict().tier, Tier::kCloud);
    }
}

TEST_F(Cloud, IsAskedAsBeforeOnceASlowSpellIsOver) {
    for (int i = 0; i < 3; ++i) {
        escalate_doubtful();
        cloud_says(EdgeAnswer{0, 250}, milliseconds(700));
    }
    world.advance(std::chrono::seconds(31));
    for (int i = 0; i < 3; ++i) {
        escalate(true, 400);
        edge_says(100);
        ASSERT_EQ(asked(), 4U + static_cast<std::size_t>(i));
        cloud_says(EdgeAnswer{0, 250}, milliseconds(40));
    }
}

TEST_F(Cloud, IsTriedSeldomWhileItStaysSlow) {
    hang();
    const auto before = asked();
    for (int minute = 0; minute < 5; ++minute) {
        world.advance(std::chrono::seconds(31));
        for (int i = 0; i < 3; ++i) {
            escalate(true, 400);
            edge_says(100);
            world.advance(milliseconds(390));
            if (statistics().in_flight > 0) {
                world.give(CloudDone{world.performed<AskCloud>().back()->work, failure()});
            }
        }
    }
    EXPECT_EQ(asked(), before + 5) << "one of three, each half minute";
}

TEST_F(Cloud, AnAnswerFromBeforeTheProbeSaysNothingOfTheServerNow) {
    escalate(true, 50'000);
    edge_says(100);
    const auto slow = world.performed<AskCloud>().back()->work;
    for (int i = 0; i < 5; ++i) {
        escalate_doubtful();
        cloud_says(failure(), milliseconds(980));
    }
    ASSERT_EQ(statistics().breaker, "open");
    world.advance(std::chrono::seconds(31));
    escalate(true, 400);
    edge_says(100);
    cloud_says(EdgeAnswer{0, 250}, milliseconds(40));
    world.give(CloudDone{slow, failure()});
    EXPECT_EQ(statistics().round_trip_p95, milliseconds(40));
}

TEST_F(Cloud, ARefusalSaysNothingOfHowLongAnAnswerTakes) {
    escalate_doubtful();
    cloud_says(EdgeAnswer{0, 250}, milliseconds(40));
    for (int i = 0; i < 3; ++i) {
        escalate_doubtful();
        cloud_says(failure(), milliseconds(1));
    }
    EXPECT_EQ(statistics().round_trip_p95, milliseconds(40));
}

TEST_F(Cloud, SpendsNoMoreThanTheDaysBudget) {
    for (int i = 0; i < 22; ++i) {
        escalate_doubtful();
        if (asked() == static_cast<std::size_t>(i) + 1) {
            cloud_says(EdgeAnswer{0, 250}, milliseconds(10));
        }
    }
    EXPECT_EQ(asked(), 20U);
    EXPECT_EQ(statistics().over_budget, 2U);
    world.advance(std::chrono::hours(25));
    escalate_doubtful();
    EXPECT_EQ(asked(), 21U);
}

TEST_F(Cloud, HoldsAFewQuestionsOnly) {
    for (int i = 0; i < 3; ++i) {
        escalate_doubtful();
    }
    EXPECT_EQ(asked(), 2U);
    EXPECT_EQ(statistics().in_flight, 2U);
}

}  // namespace
}  // namespace frugal::core
