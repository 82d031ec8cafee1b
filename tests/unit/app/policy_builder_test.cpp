// SPDX-License-Identifier: Apache-2.0
// What a text must be before devices are given anything of it; what differs between the bounds that
// two texts set, also when one cannot be read any more.
#include "app/policy_builder.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/any_class.hpp"
#include "policy/author/compiled_policy.hpp"
#include "unit/core/site_world.hpp"

namespace frugal::app {
namespace {

const std::string kOpen = "[task.leaf]\nprivacy = \"edge-only\"\n";
const std::string kBound =
    kOpen + "bounds = { ceiling = 0.5 }\nclasses = { rust = { floor = 0.25 } }\n";

std::vector<wire::PolicyPartDifference> differences(const std::string& before,
                                                    const std::string& after,
                                                    std::vector<std::string> labels) {
    std::vector<wire::PolicyPartDifference> found;
    compare_bounds({"m4", before, after}, {1, "leaf", std::move(labels)}, found);
    return found;
}

std::string policy_text(const std::string& privacy, const std::string& caps) {
    std::string gain = "gain = [9";
    for (int i = 1; i < 32; ++i) {
        gain += ", 9";
    }
    return "[policy]\nfail_safe = \"local\"\n[task.leaf]\nprivacy = \"" + privacy + "\"\n" + caps +
           "price = { payload = 1 }\n[[task.leaf.model]]\nsha256 = \"" + std::string(64, 'a') +
           "\"\n" + gain + "]\n";
}
const std::string kCaps = "caps = { node_per_hour = 64 }\n";

/// For an edge-only task, and a release of no variants.
base::Result<std::vector<CompiledPart>> compiled(const std::string& privacy,
                                                 const std::string& caps) {
    const core::TaskRecord task{1, "leaf", {"healthy"}, core::TaskPrivacy::kEdgeOnly};
    const core::ReleaseRecord release{.model = base::ModelName::parse("leaf").value()};
    return compile_parts(policy_text(privacy, caps), task, release, CompileFor{1});
}

TEST(CompileParts, RefusesWhatPolicyCheckRefuses) {
    const auto sound = compiled("edge-only", kCaps);
    EXPECT_TRUE(sound) << sound.error().describe();
    const auto refused = compiled("edge-only", "");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "policy:3:1: the task may escalate without a cap");
    EXPECT_FALSE(refused.error().cause.empty());
    EXPECT_FALSE(refused.error().remedy.empty());
}

core::BindPolicy wanted_for(const std::string& learn, std::uint8_t model) {
    core::BindPolicy wanted{.version = 7,
                            .task = {1, "leaf", {"healthy"}, core::TaskPrivacy::kEdgeOnly}};
    wanted.text = policy_text("edge-only", kCaps + learn);
    wanted.model.fill(model);
    return wanted;
}

TEST(BindPolicyTo, MakesTheVersionForAnotherModelAndSignsIt) {
    const auto key = crypto::ReleaseKey::generate().value();
    const auto own = bind_policy(wanted_for("", 0xAA), key);
    ASSERT_TRUE(own) << own.error().describe();
    const auto& bytes = (*own)->content();
    EXPECT_EQ(fr_policy_id(bytes.data(), bytes.size()), 7u);
    EXPECT_EQ(fr_policy_model(bytes.data(), bytes.size(), 1), 0xAAAAu);
    EXPECT_EQ(policy::read_compiled(bytes)->tasks[0].tables[0][3], 9) << "its own table";
    const auto anew = bind_policy(wanted_for("learn = \"isogain\"\n", 0xBB), key);
    ASSERT_TRUE(anew) << anew.error().describe();
    EXPECT_EQ(policy::read_compiled((*anew)->content())->tasks[0].tables[0][0], 252)
        << "what learns begins with Chow's rule";
}

TEST(BindPolicyTo, RefusesWhatItsTaskNoLongerAllows) {
    auto wanted = wanted_for("learn = \"isogain\"\n", 0xBB);
    wanted.task.privacy = core::TaskPrivacy::kNever;
    const auto refused = bind_policy(wanted, *crypto::ReleaseKey::generate());
    ASSERT_FALSE(refused) << "devices would send what their owner forbade";
    EXPECT_NE(refused.error().describe().find("version 7"), std::string::npos);
}

TEST(BindPolicyTo, ProvesWithTheBytesThatInputsHave) {
    const auto key = crypto::ReleaseKey::generate().value();
    auto wanted = wanted_for("bounds = { floor = 0, ceiling = 0 }\nlearn = \"isogain\"\n", 0xBB);
    auto& text = wanted.text;
    std::ranges::replace(text, '9', '0');
    text.replace(text.find("payload = 1"), 11, "payload = 1, shift = 6");
    EXPECT_TRUE(bind_policy(wanted, key)) << "nobody says how large an input is";
    wanted.payload_bytes = 784;
    const auto refused = bind_policy(wanted, key);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().describe().find("784 bytes is free"), std::string::npos)
        << refused.error().describe();
}

TEST(BindPolicyTo, SaysWhichVersionHasNoTableForWhichModel) {
    const auto key = crypto::ReleaseKey::generate().value();
    const auto refused = bind_policy(wanted_for("", 0xBB), key);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::kNotFound);
    const auto words = refused.error().describe();
    EXPECT_NE(words.find("version 7 for the model bbbbbbbb"), std::string::npos) << words;
    EXPECT_FALSE(refused.error().remedy.empty());
}

TEST(CompileParts, NeverMakesATaskLessPrivateThanItIs) {
    EXPECT_TRUE(compiled("never", kCaps));
    const auto refused = compiled("public", kCaps);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              "policy:4:11: privacy \"public\" is less than the task's own \"edge-only\"");
    EXPECT_FALSE(refused.error().remedy.empty());
}

TEST(ProveAgain, NamesTheVersionWhoseTextDoesNotProve) {
    core::PolicyVersionRecord version;
    version.version = 12;
    version.text = policy_text("edge-only", "");
    const auto refused = prove_again(version, {1, "leaf", {"healthy"}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              "the text of version 12: policy:3:1: the task may escalate without a cap");
}

TEST(CompareBounds, TellsEachBoundThatIsSetOtherwise) {
    const auto found = differences(kOpen, kBound, {"healthy", "rust"});
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(found[0].device_class, "m4");
    EXPECT_EQ(found[0].before, "-");
    EXPECT_TRUE(differences(kBound, kBound, {"healthy", "rust"}).empty());
}

TEST(CompareBounds, OfATextThatCannotBeReadAnyMoreSaysWhy) {
    const auto found = differences(kBound, kOpen, {"healthy", "blight"});
    ASSERT_EQ(found.size(), 1U) << "devices are still bound: nothing was removed";
    EXPECT_EQ(found[0].what, "bounds of gains");
    EXPECT_TRUE(found[0].before.starts_with("cannot be read: ")) << found[0].before;
    EXPECT_NE(found[0].before.find("the task has no class \"rust\""), std::string::npos);
    EXPECT_EQ(found[0].after, "-");
    EXPECT_TRUE(differences(kBound, kBound, {"healthy", "blight"}).empty()) << "the same text";
}

TEST(CompareWords, TellsWhatNoDeviceIsTold) {
    const std::string before = "[policy]\nid = \"a\"\n" + kOpen + "learn = \"isogain\"\n";
    const auto differ = [&before](const std::string& after) {
        std::vector<wire::PolicyPartDifference> found;
        compare_words({"m4", before, after}, {1, "leaf", {"healthy"}}, found);
        return found;
    };
    EXPECT_TRUE(differ(before).empty());
    const auto off = differ("[policy]\nid = \"a\"\n" + kOpen + "learn = \"off\"\n");
    ASSERT_EQ(off.size(), 1U);
    EXPECT_EQ(off[0].device_class, "m4");
    EXPECT_EQ(off[0].what, "learn");
    EXPECT_EQ(off[0].before, "isogain");
    EXPECT_EQ(off[0].after, "off");
    EXPECT_EQ(differ("[policy]\nid = \"b\"\n" + kOpen + "learn = \"isogain\"\n")[0].what, "id");
    const auto pinned = differ("");
    ASSERT_EQ(pinned.size(), 2U);
    EXPECT_EQ(pinned[1].after, "off") << "a pin without a file";
}

TEST(WordsOfText, NameEverythingThatTheCompiledFormDoesNot) {
    core::PolicyVersionRecord version;
    version.group_share_permille = 250;
    version.text = kBound + "edge = \"big@sha256:" + std::string(64, 'c') +
                   "\"\nlearn = \"hedge\"\npayload_bytes = 784\n[[task.leaf.model]]\nname = "
                   "\"tiny\"\nsha256 = \"" +
                   std::string(64, 'a') + "\"\ntemperature = 0.8187\nrho = 0.8782\ncanary = 500\n";
    const auto lines = words_of_text(version, base::any_class(), {1, "leaf", {"healthy", "rust"}});
    for (const auto* line : {"group share: 25 %", "learn: hedge",
                             "measured against: big@sha256:cccccccc", "bytes of an input: 784",
                             "measured of model aaaaaaaa: tiny, temperature 0.8187, rho 0.8782, "
                             "500 labelled samples"}) {
        EXPECT_NE(std::ranges::find(lines, line), lines.end()) << line;
    }
}

TEST(AddBounds, TellsThoseOfTheLocalClassOrWhyThereAreNone) {
    policy::AnswerFacts facts{.local_class = 1};
    add_bounds(kBound, {1, "leaf", {"healthy", "rust"}}, facts);
    ASSERT_TRUE(facts.bounds);
    EXPECT_NE(*facts.bounds, policy::GainBounds{});
    EXPECT_TRUE(facts.bounds_error.empty());
    policy::AnswerFacts renamed{.local_class = 1};
    add_bounds(kBound, {1, "leaf", {"healthy", "blight"}}, renamed);
    EXPECT_FALSE(renamed.bounds);
    EXPECT_NE(renamed.bounds_error.find("the task has no class \"rust\""), std::string::npos);
}

TEST(CompareParts, SayWhatCannotBeRead) {
    const auto m4 = *base::ClassName::parse("m4");
    const base::Bytes one(40, 1);
    const base::Bytes other(40, 2);
    EXPECT_TRUE(compare_parts({{m4, one}}, {{m4, one}}, 1, {}).empty());
    const auto differs = compare_parts({{m4, one}}, {{m4, other}}, 1, {});
    ASSERT_EQ(differs.size(), 1U) << "not: no difference";
    EXPECT_EQ(differs[0].before, "cannot be read");
}

TEST(SignParts, KeepWhatTheyWereWrittenIn) {
    const auto key = *crypto::ReleaseKey::generate();
    core::PolicyVersionRecord version{.task = 1, .version = 3, .text = "text"};
    const core::PolicySource source{"net@2", "another text"};
    version.parts = {{*base::ClassName::parse("m4"), core::signed_policy("m4 m4 m4 m4"), source},
                     {*base::ClassName::parse("tiny"), core::signed_policy("tiny tiny tiny")}};
    const auto again = sign_parts(parts_again(version, 4), key);
    ASSERT_TRUE(again) << again.error().describe();
    EXPECT_EQ((*again)[0].source, source);
    EXPECT_FALSE((*again)[1].source);
}

}  // namespace
}  // namespace frugal::app
