// SPDX-License-Identifier: Apache-2.0
// What differs between the bounds that two texts set, also when one cannot be read any more.
#include "app/policy_builder.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace frugal::app
