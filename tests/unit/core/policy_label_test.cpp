// SPDX-License-Identifier: Apache-2.0
// Policies of a label whose devices are of several classes: which of them it reaches, which are
// told to be left out, and how many a task may have.
#include "unit/core/site_world.hpp"

namespace frugal::core {
namespace {

/// east-1 is of class "m4", east-2 of class "tiny"; version 1 is in force for "m4" alone.
class PolicyLabelTest : public ::testing::Test {
protected:
    PolicyLabelTest() {
        add("east-1", "east", "m4");
        add("east-2", "east", "tiny");
        world.get<PolicySet>(SetPolicy{version(1, {"m4"}, {})});
    }
    void add(const std::string& name, const std::string& label, const std::string& device_class) {
        world.get<Done>(AddDevice{device_id(name), label, digest_of(9), std::chrono::hours(1)});
        world.get<CertificateIssued>(EnrolDevice{device_id(name), digest_of(9), {1, 2, 3}});
        auto word = hello(name, ++stream_);
        word.capability = capability(device_class);
        world.say(name, word);
    }
    static PolicyVersionRecord version(std::uint32_t number,
                                       const std::vector<std::string>& classes,
                                       base::Audience audience = base::Audience::label("east")) {
        PolicyVersionRecord record{.task = 1, .version = number, .release = "net@1", .text = "own"};
        record.audience = std::move(audience);
        for (const auto& name : classes) {
            record.parts.push_back({class_name(name), signed_policy(name)});
        }
        return record;
    }
    static base::ClassName class_name(const std::string& name) {
        return *base::ClassName::parse(name);
    }
    base::Error refusal(SetPolicy command) {
        const auto reply = world.ask(std::move(command));
        EXPECT_FALSE(reply);
        return reply ? base::Error{} : reply.error();
    }
    std::size_t overrides() {
        return world.get<PolicyHistory>(ListPolicyVersions{1}).overrides.size();
    }
    /// "m4 1, tiny 2": what the label's devices obey, by class.
    std::string obeyed() {
        std::string text;
        const auto east = base::Audience::label("east");
        for (const auto& own : world.get<PolicyHistory>(ListPolicyVersions{1, east}).obeyed) {
            text += (text.empty() ? "" : ", ") + own.device_class.text() + " " +
                    std::to_string(own.version);
        }
        return text;
    }

    SiteWorld world;

private:
    std::uint64_t stream_ = 0;
};

TEST_F(PolicyLabelTest, ADeviceWhoseClassHasNoPolicyIsNoneOfItsDevices) {
    EXPECT_EQ(obeyed(), "m4 1");
    const auto set = world.get<PolicySet>(SetPolicy{version(2, {"m4", "tiny"})});
    EXPECT_TRUE(set.left_out.empty());
    const auto history = world.get<PolicyHistory>(ListPolicyVersions{1});
    ASSERT_EQ(history.overrides.size(), 1U);
    EXPECT_EQ(history.overrides[0].device_class, class_name("m4"));
    const auto error = refusal({version(3, {"tiny"}, base::Audience::device(device_id("east-2")))});
    EXPECT_EQ(error.kind, base::ErrorKind::kConflict);
    EXPECT_EQ(error.cause, "device east-2: class tiny has no policy of task 1 to go back to");
}

TEST_F(PolicyLabelTest, TellsTheClassesItHasNoPartFor) {
    world.get<PolicySet>(SetPolicy{version(2, {"tiny"}, {})});
    EXPECT_EQ(obeyed(), "m4 1, tiny 2");
    const auto set = world.get<PolicySet>(SetPolicy{version(3, {"m4"})});
    EXPECT_EQ(set.left_out, std::vector{class_name("tiny")});
    EXPECT_EQ(obeyed(), "m4 3, tiny 2");
    EXPECT_TRUE(world.get<PolicyHistory>(ListPolicyVersions{1}).obeyed.empty()) << "nobody named";
}

TEST_F(PolicyLabelTest, AfterItsEndEachClassObeysWhatLiesBelow) {
    world.get<PolicySet>(SetPolicy{version(2, {"tiny"}, {})});
    world.get<PolicySet>(SetPolicy{version(3, {"m4", "tiny"})});
    auto ended = version(4, {"m4", "tiny"});
    ended.origin = PolicyOrigin::kWithdrawn;
    world.get<PolicySet>(SetPolicy{ended});
    EXPECT_EQ(obeyed(), "m4 1, tiny 2") << "not version 4, which has one text for both";
}

TEST_F(PolicyLabelTest, IsRefusedIfItIsToReachEveryClassAndDoesNot) {
    world.get<PolicySet>(SetPolicy{version(2, {"tiny"}, {})});
    SetPolicy pin{version(3, {"m4"})};
    pin.needs_every_class = true;
    const auto error = refusal(pin);
    EXPECT_EQ(error.kind, base::ErrorKind::kInvalidInput);
    EXPECT_EQ(error.cause, "label east is of class tiny, for which there is no part");
    pin.version = version(3, {"m4", "tiny"});
    world.get<PolicySet>(pin);
    EXPECT_EQ(obeyed(), "m4 3, tiny 3");
}

TEST_F(PolicyLabelTest, EndedOnesTakeThePlacesUntilTheirClassHasANewerOne) {
    std::uint32_t number = 2;
    for (std::size_t i = 0; i <= kPolicyOverridesMax; ++i) {
        const auto name = "own-" + std::to_string(i);
        add(name, "", "m4");
        auto own = version(number++, {"m4"}, base::Audience::device(device_id(name)));
        if (i < kPolicyOverridesMax) {
            world.get<PolicySet>(SetPolicy{own});
            own.version = number++;
            own.origin = PolicyOrigin::kWithdrawn;
            world.get<PolicySet>(SetPolicy{own});
            continue;
        }
        const auto error = refusal({own});
        EXPECT_EQ(error.kind, base::ErrorKind::kLimit);
        EXPECT_EQ(error.remedy.find("The next version for the whole class frees the 64 that"), 0U)
            << error.remedy;
        // What a revoked device would be given counts no more.
        world.get<Done>(RevokeDevice{device_id("own-0")});
        world.get<PolicySet>(SetPolicy{own});
    }
    EXPECT_EQ(overrides(), kPolicyOverridesMax);
    world.get<PolicySet>(SetPolicy{version(number, {"m4"}, {})});
    EXPECT_EQ(overrides(), 1U) << "the one that is not ended";
}

}  // namespace
}  // namespace frugal::core
