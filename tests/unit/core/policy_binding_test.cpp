// SPDX-License-Identifier: Apache-2.0
// A version is set in the form that one model of a class needs; devices with another model get one
// made for theirs, or none.
#include <algorithm>
#include <map>

#include "core/offload/policy_bindings.hpp"
#include "unit/core/policy_form.hpp"
#include "unit/core/policy_world.hpp"

namespace frugal::core {
namespace {

/// "old" and "older" run model 1, which version 5 is set for; "new" runs model 2.
class PolicyBindingTest : public ::testing::Test {
protected:
    PolicyBindingTest() {
        world.ask(DefineTask{{.task = 1, .name = "net", .labels = {"a", "b"}}});
        for (const std::uint8_t release : {1, 2, 3}) {
            world.import(release, release, release);
        }
        std::uint64_t stream = 1;
        for (const auto* name : {"old", "older", "new"}) {
            world.enrol(name);
            run(name, std::string(name) == "new" ? 2 : 1, stream++);
        }
        set(5);
    }
    void run(const std::string& device, std::uint8_t model, std::uint64_t stream) {
        auto word = hello(device, stream);
        word.tasks[0].release = model;
        word.tasks[0].model_digest = digest_of(model);
        world.say(device, word);
    }
    void set(std::uint32_t number) {
        world.take();
        PolicyVersionRecord version{.task = 1,
                                    .version = number,
                                    .release = "net@1",
                                    .text = "text " + std::to_string(number)};
        version.parts = {{*base::ClassName::parse("any"), signed_form(number, digest_of(1))}};
        EXPECT_TRUE(world.ask(SetPolicy{std::move(version)}));
        world.advance(std::chrono::seconds(1));
    }
    /// The last policy that the device was told of; null for none.
    SignedPointer told(const std::string& device) {
        const auto all = world.sent<Desired>(device);
        return all.empty() || all.back().tasks.empty() ? nullptr : all.back().tasks[0].policy;
    }
    std::vector<BindPolicy> wanted() const {
        std::vector<BindPolicy> all;
        for (const auto* one : world.performed<BindPolicy>()) {
            all.push_back(*one);
        }
        return all;
    }
    static std::uint32_t tag_of(std::uint8_t model) {
        return fr_policy_model_tag(digest_of(model).data());
    }
    SiteWorld world;
};

TEST_F(PolicyBindingTest, WhoRunsTheModelItIsForGetsItAsItIs) {
    ASSERT_NE(told("old"), nullptr);
    EXPECT_EQ(model_in(told("old")), tag_of(1));
    EXPECT_EQ(told("older"), told("old"));
}

TEST_F(PolicyBindingTest, WhoRunsAnotherGetsNoneUntilOneIsMadeForIt) {
    EXPECT_EQ(told("new"), nullptr);
    const auto asked = wanted();
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(asked[0].version, 5U);
    EXPECT_EQ(asked[0].model, digest_of(2));
    EXPECT_EQ(asked[0].text, "text 5");
    EXPECT_EQ(asked[0].task.name, "net");
    world.take();
    world.give(PolicyBound{asked[0].work, signed_form(5, digest_of(2))});
    world.advance(std::chrono::seconds(1));
    ASSERT_NE(told("new"), nullptr);
    EXPECT_EQ(model_in(told("new")), tag_of(2));
    EXPECT_EQ(told("old"), nullptr) << "nothing changed for it";
}

TEST_F(PolicyBindingTest, ForAModelThatNobodyReleasedNoneIsMade) {
    world.take();
    for (std::uint8_t model = 100; model < 110; ++model) {
        run("new", model, 3);
        world.say("new", Health{.stream = {3}, .boot_epoch = 1, .tasks = {{1, 0, 0, {}, 0}}});
        world.advance(std::chrono::minutes(1));
    }
    EXPECT_TRUE(wanted().empty()) << "a device may report what it likes";
    EXPECT_EQ(told("new"), nullptr);
}

TEST_F(PolicyBindingTest, ItIsMadeOnceForAllDevicesWithTheModel) {
    world.give(PolicyBound{wanted()[0].work, signed_form(5, digest_of(2))});
    world.take();
    run("older", 2, 2);
    world.advance(std::chrono::seconds(1));
    EXPECT_TRUE(wanted().empty());
    ASSERT_NE(told("older"), nullptr);
    EXPECT_EQ(model_in(told("older")), tag_of(2));
}

TEST_F(PolicyBindingTest, AfterAnUpdateTheHelloBringsTheFormForTheNewModel) {
    world.give(PolicyBound{wanted()[0].work, signed_form(5, digest_of(2))});
    auto word = hello("old", 1);
    word.tasks[0] = {.task = 1,
                     .release = 2,
                     .model_digest = digest_of(2),
                     .phase = UpdatePhase::kProbation,
                     .other_digest = digest_of(1)};
    world.take();
    world.say("old", word);
    ASSERT_NE(told("old"), nullptr);
    EXPECT_EQ(model_in(told("old")), tag_of(2));
    world.take();
    run("old", 1, 1);  // it went back
    ASSERT_NE(told("old"), nullptr);
    EXPECT_EQ(model_in(told("old")), tag_of(1));
}

TEST_F(PolicyBindingTest, EveryVersionIsMadeAnew) {
    world.give(PolicyBound{wanted()[0].work, signed_form(5, digest_of(2))});
    set(6);
    const auto asked = wanted();
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(asked[0].version, 6U);
}

TEST_F(PolicyBindingTest, WithoutATableForTheModelItIsSaidOnceAndTheDeviceIsLeftAlone) {
    const auto work = wanted()[0].work;
    world.take();
    world.give(PolicyBound{work, base::fail(base::ErrorKind::kNotFound, "no table")});
    const auto lines = world.performed<Log>();
    EXPECT_EQ(std::ranges::count(lines, LogEvent::kPolicyNotBound, &Log::event), 1);
    world.advance(std::chrono::seconds(1));
    world.take();
    for (int minute = 0; minute < 30; ++minute) {
        world.say("new", Health{.stream = {3}, .boot_epoch = 1, .tasks = {{1, 0, 0, {}, 0}}});
        world.advance(std::chrono::minutes(1));
    }
    EXPECT_TRUE(wanted().empty());
    EXPECT_EQ(world.sent<Desired>("new").size(), 0U) << "telling it again helps nobody";
}

TEST_F(PolicyBindingTest, WhatIsForAnyModelNeedsNothing) {
    world.take();
    PolicyVersionRecord version{.task = 1, .version = 9, .release = "net@1", .text = "any"};
    version.parts = {{*base::ClassName::parse("any"), signed_policy("policy9")}};
    EXPECT_TRUE(world.ask(SetPolicy{std::move(version)}));
    world.advance(std::chrono::seconds(1));
    EXPECT_TRUE(wanted().empty());
    ASSERT_NE(told("new"), nullptr);
    EXPECT_EQ(told("new"), told("old"));
}

TEST_F(PolicyBindingTest, AnAnswerToNobodyIsDropped) {
    world.take();
    world.give(PolicyBound{base::WorkId{999}, signed_form(5, digest_of(2))});
    world.advance(std::chrono::seconds(1));
    EXPECT_EQ(told("new"), nullptr);
}

// What the one class obeys was written in another text than what the other does.
TEST_F(PolicyBindingTest, OfAVersionOfTwoTextsEachPartIsMadeFromItsOwn) {
    world.enrol("tiny");
    auto word = hello("tiny", 9);
    word.capability = capability("tiny");
    word.tasks[0].release = 3;
    word.tasks[0].model_digest = digest_of(3);
    world.say("tiny", word);
    world.take();
    PolicyVersionRecord version{.task = 1, .version = 8, .release = "net@1", .text = "text 8"};
    version.origin = PolicyOrigin::kReverted;
    version.parts = {{*base::ClassName::parse("m4"), signed_form(8, digest_of(1))},
                     {*base::ClassName::parse("tiny"), signed_form(8, digest_of(1)),
                      PolicySource{"net@2", "text 6"}}};
    EXPECT_TRUE(world.ask(SetPolicy{std::move(version)}));
    world.advance(std::chrono::seconds(1));
    std::map<base::Digest, std::string> texts;
    for (const auto& one : wanted()) {
        texts[one.model] = one.text;
    }
    EXPECT_EQ(texts, (std::map<base::Digest, std::string>{{digest_of(2), "text 8"},
                                                          {digest_of(3), "text 6"}}));
}

// "No shadow" would have it erase the one that it evaluates.
TEST_F(PolicyBindingTest, WhileAFormIsBeingMadeItsDevicesAreToldNothing) {
    EXPECT_TRUE(world.sent<Desired>("new").empty());
    run("new", 2, 3);
    EXPECT_TRUE(world.sent<Desired>("new").empty()) << "the answer is not known yet";
    const auto work = wanted()[0].work;
    world.take();
    world.give(PolicyBound{work, base::fail(base::ErrorKind::kNotFound, "no table")});
    world.advance(std::chrono::seconds(1));
    ASSERT_EQ(world.sent<Desired>("new").size(), 1U) << "now it is: there is none";
    EXPECT_EQ(told("new"), nullptr);
}

// The pool that makes it may be stuck, or have lost it.
TEST_F(PolicyBindingTest, AnAnswerThatDoesNotComeWithholdsNothingElseForEver) {
    const auto work = wanted()[0].work;
    world.take();
    world.advance(PolicyBindings::kAnswerWait - std::chrono::seconds(2));
    EXPECT_TRUE(world.sent<Desired>("new").empty());
    world.advance(std::chrono::seconds(2));
    ASSERT_EQ(world.sent<Desired>("new").size(), 1U) << "of everything else that it is due";
    EXPECT_EQ(told("new"), nullptr);
    const auto lines = world.performed<Log>();
    const auto line = std::ranges::find(lines, LogEvent::kPolicyNotBound, &Log::event);
    ASSERT_NE(line, lines.end());
    EXPECT_EQ((*line)->fields[0].value, "5");
    EXPECT_TRUE((*line)->fields[1].value.starts_with("no answer in 30 s"));
    world.take();
    world.advance(std::chrono::hours(1));
    EXPECT_TRUE(world.performed<Log>().empty()) << "it is said once";
    world.give(PolicyBound{work, signed_form(5, digest_of(2))});
    world.advance(std::chrono::seconds(1));
    ASSERT_NE(told("new"), nullptr) << "late, but not too late";
}

TEST_F(PolicyBindingTest, AfterAnAnswerThatDidNotComeAnotherIsAskedForWithTheTask) {
    const auto lost = wanted()[0].work;
    world.advance(PolicyBindings::kAnswerWait);
    world.take();
    world.ask(DefineTask{{.task = 1, .name = "net", .labels = {"a", "b", "c"}}});
    world.advance(std::chrono::seconds(1));
    const auto asked = wanted();
    ASSERT_EQ(asked.size(), 1U);
    world.give(PolicyBound{lost, signed_form(5, digest_of(2))});
    world.advance(std::chrono::seconds(1));
    EXPECT_EQ(told("new"), nullptr) << "made for the task as it was";
    world.give(PolicyBound{asked[0].work, signed_form(5, digest_of(2))});
    world.advance(std::chrono::seconds(1));
    EXPECT_NE(told("new"), nullptr);
}

TEST_F(PolicyBindingTest, WhatFailedIsTriedAgainWhenItsTaskChanges) {
    const auto fail = [this] {
        const auto asked = wanted();
        ASSERT_EQ(asked.size(), 1U);
        world.take();
        world.give(PolicyBound{asked[0].work, base::fail(base::ErrorKind::kNotFound, "class?")});
        world.advance(std::chrono::seconds(1));
        world.take();
    };
    fail();
    run("new", 2, 3);
    EXPECT_TRUE(wanted().empty()) << "as long as nothing changed";
    world.ask(DefineTask{{.task = 2, .name = "other", .labels = {"a", "b"}}});
    world.advance(std::chrono::seconds(1));
    EXPECT_TRUE(wanted().empty()) << "another task";
    world.ask(DefineTask{{.task = 1, .name = "net", .labels = {"a", "b", "c"}}});
    world.advance(std::chrono::seconds(1));
    fail();
    world.import(7, 7, 7);
    world.advance(std::chrono::seconds(1));
    const auto asked = wanted();
    ASSERT_EQ(asked.size(), 1U);
    world.give(PolicyBound{asked[0].work, signed_form(5, digest_of(2))});
    world.advance(std::chrono::seconds(1));
    ASSERT_NE(told("new"), nullptr);
}

TEST_F(PolicyBindingTest, WhatFailedIsTriedAgainWithTheBytesOfANewEdgeModel) {
    EXPECT_EQ(wanted()[0].payload_bytes, 0U);
    world.give(PolicyBound{wanted()[0].work, base::fail(base::ErrorKind::kInvalidInput, "free")});
    world.advance(std::chrono::seconds(1));
    world.take();
    world.get<Done>(
        SetEdgeModel{{.task = 1, .digest = digest_of(80), .name = "big", .input_bytes = 784}, {}});
    world.advance(std::chrono::seconds(1));
    const auto asked = wanted();
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(asked[0].payload_bytes, 784U);
}

TEST_F(PolicyBindingTest, AFormOfAnEarlierGatewayIsMadeAnewForAll) {
    auto old = form_for(7, digest_of(1));
    old[2] = FR_POLICY_VERSION - 1;
    world.take();
    PolicyVersionRecord version{.task = 1, .version = 7, .release = "net@1", .text = "text 7"};
    version.parts = {{*base::ClassName::parse("any"), signed_policy(base::as_text(old))}};
    EXPECT_TRUE(world.ask(SetPolicy{std::move(version)}));
    world.advance(std::chrono::seconds(1));
    EXPECT_EQ(told("old"), nullptr);
    EXPECT_EQ(wanted().size(), 2U) << "one for each model";
}

/// The bindings alone, without a site.
class PolicyBindingsTest : public ::testing::Test {
protected:
    SignedPointer want(std::uint32_t number) {
        auto form = signed_form(number, digest_of(1));
        bindings.want(step, {.form = form, .task = {.task = 1}, .model = digest_of(2)});
        return form;
    }
    void answer(std::uint64_t work) {
        bindings.on_bound(step, PolicyBound{{work}, signed_form(1, digest_of(2))});
    }
    FleetConfig config;
    Journal journal{0, {}, config};
    WorkNumbers works;
    PolicyBindings bindings{journal, works};
    Outbox out;
    const Step step{{}, out};
};

TEST_F(PolicyBindingsTest, KeepsNoMoreThanSoManyButAllThatAreUnderWay) {
    for (std::uint32_t number = 1; number <= PolicyBindings::kKeptMax; ++number) {
        want(number);
        answer(number);
    }
    EXPECT_EQ(bindings.size(), PolicyBindings::kKeptMax);
    const auto next = want(PolicyBindings::kKeptMax + 1);
    EXPECT_EQ(bindings.size(), 1U) << "who still needs one asks again";
    for (std::uint32_t number = 0; number < PolicyBindings::kKeptMax; ++number) {
        want(2000 + number);
    }
    EXPECT_EQ(bindings.size(), PolicyBindings::kKeptMax + 1)
        << "each of them has an answer to come";
    EXPECT_TRUE(bindings.is_awaited({next, digest_of(2)}));
    answer(PolicyBindings::kKeptMax + 1);
    EXPECT_NE(bindings.find({next, digest_of(2)}, 1), nullptr);
}

TEST_F(PolicyBindingsTest, AsksOnceForEachPair) {
    const auto form = want(1);
    bindings.want(step, {.form = form, .task = {.task = 1}, .model = digest_of(2)});
    bindings.want(step, {.form = form, .task = {.task = 1}, .model = digest_of(1)});
    EXPECT_EQ(out.immediate.size(), 1U);
}

}  // namespace
}  // namespace frugal::core
