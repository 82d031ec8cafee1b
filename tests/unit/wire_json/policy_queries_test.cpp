// SPDX-License-Identifier: Apache-2.0
// The query strings of the policy routes: steps, and what is refused by name.
#include "wire/policy_queries.hpp"

#include <gtest/gtest.h>

namespace frugal::wire {
namespace {

HttpRequest request(std::vector<NamedValue> query) {
    HttpRequest request;
    request.parameters = {{"task", "3"}, {"version", "7"}, {"sequence", "317"}};
    request.query = std::move(query);
    return request;
}

TEST(PolicyQueries, StagesByDefault) {
    const auto wanted = read_set_policy(request({{"release", "fashion@2"}, {"comment", "why"}}));
    ASSERT_TRUE(wanted);
    EXPECT_EQ(wanted->target.task, 3U);
    EXPECT_EQ(wanted->target.release.model.text(), "fashion");
    EXPECT_EQ(wanted->target.release.number, 2U);
    EXPECT_EQ(wanted->comment, "why");
    const std::vector<core::PolicyStep> usual = {{500, std::chrono::minutes(10)},
                                                 {2500, std::chrono::minutes(10)},
                                                 {core::kWholeFleet, std::chrono::minutes(10)}};
    EXPECT_EQ(wanted->steps, usual);
}

TEST(PolicyQueries, PutsTheShadowFirst) {
    const auto wanted = read_set_policy(request(
        {{"release", "fashion@2"}, {"shares", "50,100"}, {"wait_s", "60"}, {"shadow_s", "0"}}));
    ASSERT_TRUE(wanted);
    const std::vector<core::PolicyStep> steps = {
        {0, {}}, {5000, std::chrono::seconds(60)}, {core::kWholeFleet, std::chrono::seconds(60)}};
    EXPECT_EQ(wanted->steps, steps);
}

TEST(PolicyQueries, AtOnceHasNoSteps) {
    const auto wanted = read_set_policy(request({{"release", "fashion@2"}, {"at_once", "true"}}));
    ASSERT_TRUE(wanted);
    EXPECT_TRUE(wanted->steps.empty());
}

TEST(PolicyQueries, ADryRunIsAskedForByName) {
    const auto dry_run = [](const char* value) {
        return read_set_policy(request({{"release", "fashion@2"}, {"dry_run", value}}));
    };
    EXPECT_TRUE(dry_run("true")->is_dry_run);
    EXPECT_FALSE(dry_run("false")->is_dry_run);
    EXPECT_FALSE(dry_run("yes"));
}

TEST(PolicyQueries, AListOfVersionsMayNameWhoseAreWanted) {
    const auto all = read_list_policy_versions(request({}));
    ASSERT_TRUE(all);
    EXPECT_EQ(all->task, 3U);
    EXPECT_TRUE(all->audience.is_class());
    EXPECT_EQ(read_list_policy_versions(request({{"label", "2nd floor"}}))->audience,
              base::Audience::label("2nd floor"));
    EXPECT_EQ(read_list_policy_versions(request({{"device", "a"}}))->audience.name, "a");
    for (const auto& wrong : {NamedValue{"device", "A b"}, NamedValue{"labels", "x"}}) {
        EXPECT_FALSE(read_list_policy_versions(request({wrong}))) << wrong.name;
    }
}

TEST(PolicyQueries, AnOverrideNamesItsDeviceOrLabelAndHasNoSteps) {
    const auto wanted = read_set_policy(request({{"release", "f@1"}, {"device", "sensor-7"}}));
    ASSERT_TRUE(wanted);
    EXPECT_EQ(wanted->target.audience.text(), "device:sensor-7");
    EXPECT_TRUE(wanted->steps.empty());
    const auto revert = read_revert_policy(request({{"label", "2nd floor"}}));
    ASSERT_TRUE(revert);
    EXPECT_EQ(revert->audience, base::Audience::label("2nd floor"));
    const auto pin = read_pin_policy(request({{"device", "a"}, {"to", "always-edge"}}));
    ASSERT_TRUE(pin);
    EXPECT_EQ(pin->pin, "always-edge");
    EXPECT_EQ(pin->audience.name, "a");
    const auto clear = read_clear_policy(request({{"device", "a"}, {"comment", "clean again"}}));
    ASSERT_TRUE(clear);
    EXPECT_EQ(clear->comment, "clean again");
}

TEST(PolicyQueries, PinsAndClearsAreForSomebody) {
    EXPECT_FALSE(read_pin_policy(request({{"to", "always-edge"}})));
    EXPECT_FALSE(read_pin_policy(request({{"device", "a"}, {"to", "never"}})));
    EXPECT_FALSE(read_pin_policy(request({{"device", "a"}})));
    EXPECT_FALSE(read_clear_policy(request({})));
    EXPECT_FALSE(read_clear_policy(request({{"device", "a"}, {"to", "always-edge"}})));
}

struct RefusedCase {
    std::string case_name;
    std::vector<NamedValue> query;
    std::string names;
};
class PolicyQueriesRefuse : public ::testing::TestWithParam<RefusedCase> {};

TEST_P(PolicyQueriesRefuse, WithTheKeysName) {
    const auto refused = read_set_policy(request(GetParam().query));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().describe().find(GetParam().names), std::string::npos)
        << refused.error().describe();
}

INSTANTIATE_TEST_SUITE_P(
    All, PolicyQueriesRefuse,
    ::testing::Values(
        RefusedCase{"no_release", {}, "release"},
        RefusedCase{"release_without_number", {{"release", "fashion"}}, "release"},
        RefusedCase{"release_zero", {{"release", "fashion@0"}}, "release"},
        RefusedCase{"share_zero", {{"release", "f@1"}, {"shares", "0,100"}}, "shares"},
        RefusedCase{"share_no_number", {{"release", "f@1"}, {"shares", "5%"}}, "shares"},
        RefusedCase{"no_share", {{"release", "f@1"}, {"shares", ""}}, "shares"},
        RefusedCase{"share_missing", {{"release", "f@1"}, {"shares", "5,100,"}}, "shares"},
        RefusedCase{"at_once_unclear", {{"release", "f@1"}, {"at_once", "yes"}}, "at_once"},
        RefusedCase{"endless_wait", {{"release", "f@1"}, {"wait_s", "99999999"}}, "wait_s"},
        RefusedCase{
            "long_comment", {{"release", "f@1"}, {"comment", std::string(300, 'x')}}, "comment"},
        RefusedCase{"no_device", {{"release", "f@1"}, {"device", "Sensor 7"}}, "device"},
        RefusedCase{"no_label", {{"release", "f@1"}, {"label", ""}}, "label"},
        RefusedCase{"long_label", {{"release", "f@1"}, {"label", std::string(129, 'x')}}, "label"},
        RefusedCase{"label_in_two_lines", {{"release", "f@1"}, {"label", "a\nb"}}, "label"},
        RefusedCase{"both", {{"release", "f@1"}, {"device", "a"}, {"label", "b"}}, "device"},
        RefusedCase{"steps_of_one_device",
                    {{"release", "f@1"}, {"device", "a"}, {"shares", "100"}},
                    "shares"},
        RefusedCase{"unknown_key", {{"release", "f@1"}, {"percent", "5"}}, "percent"}),
    [](const auto& test) { return test.param.case_name; });

TEST(PolicyQueries, ReadRevertVersionAndSequence) {
    const auto revert = read_revert_policy(request({{"to", "5"}}));
    ASSERT_TRUE(revert);
    EXPECT_EQ(revert->to, 5U);
    EXPECT_FALSE(read_revert_policy(request({}))->to);
    EXPECT_EQ(*read_policy_version(request({})), 7U);
    EXPECT_EQ(*read_sequence(request({})), 317U);
}

TEST(PolicyQueries, ADifferenceNeedsTwoWholeNumbers) {
    const auto wanted = read_policy_difference(request({{"from", "7"}, {"until", "9"}}));
    ASSERT_TRUE(wanted);
    EXPECT_EQ(wanted->from, 7U);
    EXPECT_EQ(wanted->until, 9U);
    for (const auto& [from, until] : {std::pair("7x", "9"), std::pair("7", ""), std::pair("0", "9"),
                                      std::pair("4294967303", "9")}) {
        EXPECT_FALSE(read_policy_difference(request({{"from", from}, {"until", until}})))
            << from << " " << until;
    }
    EXPECT_FALSE(read_policy_difference(request({{"from", "7"}})));
}

}  // namespace
}  // namespace frugal::wire
