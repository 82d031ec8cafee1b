// SPDX-License-Identifier: Apache-2.0
#include "wire/json_views.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <memory>

#include "wire/json_views_policy.hpp"

namespace frugal::wire {
namespace {

namespace json = boost::json;

json::value parsed(const std::string& text) {
    return json::parse(text);
}

core::DeviceView example_device() {
    core::DeviceView device{.id = *base::DeviceId::parse("sensor-7")};
    device.label = "</script>\"";
    device.state = core::DeviceState::kEnrolled;
    device.presence = core::Presence::kOnline;
    device.heard_ago = std::chrono::milliseconds(1500);
    device.added_at = {1'795'370'019'000};
    device.streams.push_back({{0x0123456789abcdef}, 10, 9, 1, 2});
    device.desired.push_back({1,
                              {3},
                              *base::ModelName::parse("fashion"),
                              2,
                              core::RolloutState::kRefused,
                              core::Reason::kUnfitArena});
    return device;
}

TEST(JsonViews, show_a_device_with_words_and_reasons) {
    const auto device = parsed(to_json(example_device()));
    EXPECT_EQ(device.at("device"), "sensor-7");
    EXPECT_EQ(device.at("label"), "</script>\"");
    EXPECT_EQ(device.at("state"), "enrolled");
    EXPECT_EQ(device.at("presence"), "online");
    EXPECT_EQ(device.at("heard_ago_ms"), 1500);
    EXPECT_EQ(device.at("added_at"), "2026-11-22T17:53:39Z");
    EXPECT_TRUE(device.at("revoked_at").is_null());
    EXPECT_TRUE(device.at("capability").is_null());
    EXPECT_EQ(device.at("streams").at(0).at("stream"), "0123456789abcdef");
    const auto& desired = device.at("desired").at(0);
    EXPECT_EQ(desired.at("state"), "refused");
    EXPECT_EQ(desired.at("reason").at("code"), "UNFIT_ARENA");
    EXPECT_FALSE(desired.at("reason").at("remedy").as_string().empty());
}

TEST(JsonViews, pages_say_where_the_next_one_starts) {
    core::DevicePage page;
    page.total = 2;
    EXPECT_TRUE(parsed(to_json(page)).at("next_page_token").is_null());
    page.devices.push_back(example_device());
    page.has_more = true;
    EXPECT_EQ(parsed(to_json(page)).at("next_page_token"), "sensor-7");
}

TEST(JsonViews, show_energy_by_use_against_sending_everything) {
    core::EnergyCounters totals;
    totals.use_uj = {1'000'000, 500'000, 0, 500'000};
    totals.use_bytes = {0, 10, 20, 30};
    totals.other_uj = 250'000;
    totals.raw_uj = 8'000'000;
    const auto shown =
        parsed(to_json(core::EnergyView{*base::DeviceId::parse("sensor-7"), totals}));
    EXPECT_EQ(shown.at("device"), "sensor-7");
    EXPECT_EQ(shown.at("uses").at(1).at("use"), "decisions");
    EXPECT_EQ(shown.at("uses").at(3).at("bytes"), 30);
    EXPECT_EQ(shown.at("used_j"), 2.0);
    EXPECT_EQ(shown.at("spent_j"), 2.25);
    EXPECT_EQ(shown.at("saved_ratio"), 0.75);
    EXPECT_TRUE(parsed(to_json(core::EnergyView{*base::DeviceId::parse("new"), {}}))
                    .at("saved_ratio")
                    .is_null());
}

TEST(JsonViews, name_the_source_of_every_energy_constant) {
    const auto shown = parsed(energy_constants_json());
    const auto& constants = shown.at("constants").as_array();
    EXPECT_EQ(constants.size(), 24U);
    for (const auto& constant : constants) {
        EXPECT_GT(constant.at("value").to_number<double>(), 0);
        EXPECT_GT(constant.at("source").as_string().size(), 20U);
    }
}

TEST(JsonViews, show_the_overview_as_the_page_expects_it) {
    core::Overview overview;
    overview.device_count = 50;
    overview.device_states[core::DeviceState::kRevoked] = 1;
    overview.energy.avoided_uj = 2'500'000;
    OverviewContext context;
    context.site = "demo";
    context.classes = {{"tiny", 10, 9}};
    context.bytes_up = 77;
    auto shown = parsed(to_json(overview, context));
    EXPECT_EQ(shown.at("site"), "demo");
    EXPECT_EQ(shown.at("fleet").at("devices"), 50);
    EXPECT_EQ(shown.at("fleet").at("revoked"), 1);
    EXPECT_EQ(shown.at("fleet").at("classes").at(0).at("device_class"), "tiny");
    EXPECT_TRUE(shown.at("rollout").is_null());
    EXPECT_EQ(shown.at("bytes").at("up"), 77);
    EXPECT_EQ(shown.at("energy").at("avoided_j"), 2.5);

    overview.newest_rollout =
        core::RolloutView{{}, *base::ModelName::parse("fashion"), 2, {}, {}, 50};
    overview.newest_rollout->record.id = {12};
    overview.newest_rollout->counts[core::RolloutState::kConfirmed] = 48;
    shown = parsed(to_json(overview, context));
    EXPECT_EQ(shown.at("rollout").at("id"), 12);
    EXPECT_EQ(shown.at("rollout").at("state"), "running");
    EXPECT_EQ(shown.at("rollout").at("states").at(0).at("name"), "confirmed");
    EXPECT_EQ(shown.at("rollout").at("states").at(0).at("count"), 48);
}

TEST(JsonViews, every_answer_has_a_text_and_every_error_a_problem) {
    EXPECT_EQ(to_json(core::AdminReply{core::Done{}}), "{}");
    EXPECT_EQ(to_json(core::AdminReply{core::RolloutStarted{{7}}}), R"({"rollout":7})");
    EXPECT_EQ(to_json(core::AdminReply{core::ReleasePlan{2, 3}}), R"({"release":2,"counter":3})");
    EXPECT_EQ(parsed(to_json(core::AdminReply{core::TaskList{}})).at("tasks").as_array().size(),
              0u);
    EXPECT_EQ(parsed(to_json(core::AdminReply{core::ModelList{}})).at("releases").as_array().size(),
              0u);
    EXPECT_EQ(admin_response(201, core::AdminReply{core::Done{}}).status, 201);
    const auto failed =
        admin_response(201, base::fail(base::ErrorKind::kConflict, "exists already"));
    EXPECT_EQ(failed.status, 409);
    EXPECT_EQ(failed.content_type, "application/problem+json");
}

TEST(JsonViews, show_decisions_with_a_cursor_that_survives_javascript) {
    DecisionView row;
    row.device = "sensor-7";
    row.stream = {1};
    row.confidence = 255;
    row.tier = core::Tier::kEdge;
    const auto page = parsed(decisions_json({row}, 9'007'199'254'740'993));
    EXPECT_EQ(page.at("next_page_token"), "9007199254740993");
    EXPECT_EQ(page.at("decisions").at(0).at("confidence"), 1.0);
    EXPECT_EQ(page.at("decisions").at(0).at("tier"), "EDGE");
    EXPECT_TRUE(parsed(decisions_json({}, std::nullopt)).at("next_page_token").is_null());
}

TEST(JsonViews, health_is_a_status_and_a_list) {
    EXPECT_EQ(health_response({}).status, 200);
    EXPECT_EQ(health_response({"broker"}).status, 503);
    EXPECT_EQ(parsed(health_response({"broker"}).body).at("failing").at(0), "broker");
}

TEST(JsonViews, show_which_variant_fits_and_why_not_the_others) {
    const core::ReleaseRecord record{.model = *base::ModelName::parse("fashion"), .release = 3};
    core::FitReport report{.release = std::make_shared<const core::ReleaseRecord>(record)};
    report.known = 2;
    report.fitting = 1;
    core::VariantVerdict fits{.variant = 0, .is_fit = true, .bytes_on_air = 4321};
    fits.artifact = core::ArtifactRecord{.size_bytes = 4321, .decoder_profile = 2};
    fits.energy_uj = 1820;
    core::VariantVerdict lacks{.variant = 1, .reason = core::Reason::kUnfitArena};
    lacks.why = "needs 9 bytes of arena, the device has 8";
    lacks.lacks = "arena";
    lacks.needed = 9;
    lacks.available = 8;
    report.devices.push_back({*base::DeviceId::parse("sensor-7"),
                              *base::ClassName::parse("m4"),
                              std::optional<std::uint32_t>(0),
                              {fits, lacks}});
    report.classes.push_back(
        {*base::ClassName::parse("m4"), 1, std::optional<std::uint32_t>(0), {fits, lacks}});
    report.has_more = true;
    const auto shown = parsed(to_json(report));
    EXPECT_EQ(shown.at("release").at("release"), 3);
    EXPECT_EQ(shown.at("devices_known"), 2);
    EXPECT_EQ(shown.at("next_page_token"), "sensor-7");
    const auto& device = shown.at("devices").at(0);
    EXPECT_EQ(device.at("chosen"), 0);
    EXPECT_EQ(device.at("verdicts").at(0).at("bytes_on_air"), 4321);
    EXPECT_EQ(device.at("verdicts").at(0).at("encoding").at("profile"), 2);
    EXPECT_EQ(device.at("verdicts").at(0).at("energy_uj"), 1820);
    EXPECT_TRUE(device.at("verdicts").at(0).at("reason").is_null());
    EXPECT_EQ(device.at("verdicts").at(1).at("reason").at("code"), "UNFIT_ARENA");
    EXPECT_EQ(device.at("verdicts").at(1).at("why").as_string(), lacks.why);
    EXPECT_TRUE(device.at("verdicts").at(1).at("encoding").is_null());
    EXPECT_EQ(shown.at("classes").at(0).at("devices"), 1);
}

TEST(JsonViews, show_every_text_that_a_policy_was_made_of) {
    core::PolicyVersionRecord version{.task = 1, .version = 9, .text = "all"};
    const auto shown = parsed(policy_version_json(
        version, {{"m4", {"rule"}}, {"tiny", {"rule"}, core::PolicySource{"net@2", "its own"}}}));
    EXPECT_EQ(shown.at("text"), "all");
    EXPECT_TRUE(shown.at("rules").at(0).at("own_text").is_null());
    EXPECT_EQ(shown.at("rules").at(1).at("own_text").at("release"), "net@2");
    EXPECT_EQ(shown.at("rules").at(1).at("own_text").at("text"), "its own");
}

TEST(JsonViews, count_whom_a_staged_policy_does_not_reach) {
    core::PolicyRolloutView view;
    view.record.halt = core::PolicyHalt::kOutOfReach;
    view.overridden = 2;
    view.unable = 3;
    const auto shown = parsed(to_json(view));
    EXPECT_EQ(shown.at("halt"), "out-of-reach");
    EXPECT_EQ(shown.at("overridden"), 2);
    EXPECT_EQ(shown.at("unable"), 3);
}

// A release that nobody runs is no error: its rollout may come after its policy.
TEST(JsonViews, remark_on_a_release_that_nobody_runs) {
    core::PolicySet set{.task = 1, .version = 9};
    const auto remarks = [&] { return parsed(to_json(set)).at("remarks").as_array(); };
    EXPECT_TRUE(remarks().empty()) << "not asked";
    set.use = core::ReleaseUse{"fashion@2", 12, 0};
    ASSERT_EQ(remarks().size(), 1U);
    const std::string text(remarks()[0].as_string());
    EXPECT_EQ(text.find("no device that this policy is for runs fashion@2: 12 of them"), 0U)
        << text;
    EXPECT_NE(text.find("frugalctl rollout start fashion@2"), std::string::npos) << text;
    EXPECT_EQ(parsed(policy_trial_json(set, {})).at("remarks"), json::value(remarks()));
    set.use = core::ReleaseUse{"fashion@2", 12, 1};
    EXPECT_TRUE(remarks().empty()) << "some run it";
    set.use = core::ReleaseUse{"fashion@2", 0, 0};
    EXPECT_TRUE(remarks().empty()) << "there are no devices yet";
}

}  // namespace
}  // namespace frugal::wire
