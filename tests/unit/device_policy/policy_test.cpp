// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "frugal/policy.h"
#include "support/policy_bytes.hpp"

namespace frugal::test {
namespace {

using Bytes = std::vector<std::uint8_t>;

struct Spec {
    Spec() {
        task.task = 1;
        task.tier = FR_TIER_EDGE;
        task.group_count = 1;
        task.deadline_ms = 800;
        task.weights[0] = 1;
        task.shift = 0;
        for (std::uint32_t i = 0; i < FR_POLICY_TABLE_BYTES; ++i) {
            task.gains[0][i] = static_cast<std::uint8_t>(248 - 8 * i);
        }
    }

    Bytes build() const {
        const fr_policy_spec_t spec{
            7, expiry_hours, guards.data(), static_cast<std::uint32_t>(guards.size()), &task, 1};
        return policy_bytes(spec);
    }

    fr_policy_task_spec_t task{};
    std::vector<fr_guard_spec_t> guards;
    std::uint32_t expiry_hours = 72;
};

fr_policy_context_t good_context() {
    fr_policy_context_t context{};
    context.fields[FR_FIELD_CONFIDENCE] = 100;
    context.fields[FR_FIELD_CLASS] = 3;
    context.fields[FR_FIELD_TASK] = 1;
    context.fields[FR_FIELD_BATTERY] = 200;
    context.fields[FR_FIELD_RTT] = 40;
    context.fields[FR_FIELD_PAYLOAD] = 49;
    context.fields[FR_FIELD_TOKENS] = 5;
    context.fields[FR_FIELD_SLACK] = 500;
    context.fields[FR_FIELD_LINK] = 1;
    context.random = 0xFF;
    return context;
}

fr_policy_answer_t evaluate(const Bytes& policy, const fr_policy_context_t& context) {
    fr_policy_answer_t answer;
    fr_policy_evaluate(policy.data(), policy.size(), &context, &answer);
    return answer;
}

struct Case {
    std::string case_name;
    std::function<void(Spec&)> change_policy;
    std::function<void(fr_policy_context_t&)> change_context;
    fr_tier_t tier;
    fr_policy_reason_t reason;
};

class PolicyRules : public testing::TestWithParam<Case> {};

TEST_P(PolicyRules, Answer) {
    Spec spec;
    auto context = good_context();
    GetParam().change_policy(spec);
    GetParam().change_context(context);
    const auto answer = evaluate(spec.build(), context);
    EXPECT_EQ(answer.tier, GetParam().tier);
    EXPECT_EQ(answer.reason, GetParam().reason);
}

const auto kSame = [](auto&) {};
std::function<void(fr_policy_context_t&)> set(fr_policy_field_t field, std::int16_t value) {
    return [=](fr_policy_context_t& context) { context.fields[field] = value; };
}
std::function<void(Spec&)> guard(std::uint8_t field, std::uint8_t operation, std::int16_t value) {
    return [=](Spec& spec) { spec.guards.push_back({field, operation, value}); };
}
constexpr std::uint8_t kClasses[] = {0, 0, 0, 3, 2};

const std::vector<Case> kCases = {
    {"gain_above_price_escalates", kSame, kSame, FR_TIER_EDGE, FR_POLICY_ESC_GAIN},
    {"high_confidence_stays", kSame, set(FR_FIELD_CONFIDENCE, 250), FR_TIER_LOCAL,
     FR_POLICY_LOCAL_CONF},
    {"private_sample_stays", kSame, set(FR_FIELD_PRIVACY, 2), FR_TIER_LOCAL, FR_POLICY_PRIVATE},
    {"negative_privacy_stays", kSame, set(FR_FIELD_PRIVACY, -1), FR_TIER_LOCAL, FR_POLICY_PRIVATE},
    {"privacy_comes_before_a_bad_policy", [](Spec& s) { s.expiry_hours = 1; },
     [](fr_policy_context_t& c) {
         c.fields[FR_FIELD_PRIVACY] = 2;
         c.fields[FR_FIELD_POLICY_AGE] = 9;
     },
     FR_TIER_LOCAL, FR_POLICY_PRIVATE},
    {"private_policy_stays", [](Spec& s) { s.task.privacy = 2; }, kSame, FR_TIER_LOCAL,
     FR_POLICY_PRIVATE},
    {"edge_only_never_goes_to_the_cloud", [](Spec& s) { s.task.tier = FR_TIER_CLOUD; },
     set(FR_FIELD_PRIVACY, 1), FR_TIER_LOCAL, FR_POLICY_PRIVATE},
    {"public_may_go_to_the_cloud", [](Spec& s) { s.task.tier = FR_TIER_CLOUD; }, kSame,
     FR_TIER_CLOUD, FR_POLICY_ESC_GAIN},
    {"expired", kSame, set(FR_FIELD_POLICY_AGE, 72), FR_TIER_LOCAL, FR_POLICY_EXPIRED},
    {"not_yet_expired", kSame, set(FR_FIELD_POLICY_AGE, 71), FR_TIER_EDGE, FR_POLICY_ESC_GAIN},
    {"never_expires", [](Spec& s) { s.expiry_hours = 0; }, set(FR_FIELD_POLICY_AGE, 32000),
     FR_TIER_EDGE, FR_POLICY_ESC_GAIN},
    {"guard_less", guard(FR_FIELD_BATTERY, FR_GUARD_LESS, 40), set(FR_FIELD_BATTERY, 39),
     FR_TIER_LOCAL, FR_POLICY_GUARD},
    {"guard_less_at_the_border", guard(FR_FIELD_BATTERY, FR_GUARD_LESS, 40),
     set(FR_FIELD_BATTERY, 40), FR_TIER_EDGE, FR_POLICY_ESC_GAIN},
    {"guard_less_equal", guard(FR_FIELD_BATTERY, FR_GUARD_LESS_EQUAL, 40),
     set(FR_FIELD_BATTERY, 40), FR_TIER_LOCAL, FR_POLICY_GUARD},
    {"guard_greater", guard(FR_FIELD_RTT, FR_GUARD_GREATER, 39), kSame, FR_TIER_LOCAL,
     FR_POLICY_GUARD},
    {"guard_greater_equal", guard(FR_FIELD_RTT, FR_GUARD_GREATER_EQUAL, 41), kSame, FR_TIER_EDGE,
     FR_POLICY_ESC_GAIN},
    {"guard_equal", guard(FR_FIELD_CLASS, FR_GUARD_EQUAL, 3), kSame, FR_TIER_LOCAL,
     FR_POLICY_GUARD},
    {"guard_not_equal", guard(FR_FIELD_CLASS, FR_GUARD_NOT_EQUAL, 3), kSame, FR_TIER_EDGE,
     FR_POLICY_ESC_GAIN},
    {"guard_signed", guard(FR_FIELD_RSSI, FR_GUARD_LESS, -92), set(FR_FIELD_RSSI, -93),
     FR_TIER_LOCAL, FR_POLICY_GUARD},
    {"guard_of_two_fields",
     guard(FR_FIELD_RTT, FR_GUARD_GREATER | FR_GUARD_FIELD_VALUE, FR_FIELD_SLACK),
     [](fr_policy_context_t& c) {
         c.fields[FR_FIELD_RTT] = 90;
         c.fields[FR_FIELD_SLACK] = 80;
     },
     FR_TIER_LOCAL, FR_POLICY_GUARD},
    {"unknown_task", kSame, set(FR_FIELD_TASK, 2), FR_TIER_LOCAL, FR_POLICY_BADPOLICY},
    {"task_kept_local", [](Spec& s) { s.task.tier = FR_TIER_LOCAL; }, kSame, FR_TIER_LOCAL,
     FR_POLICY_CLASS_RULE},
    {"no_session", kSame, set(FR_FIELD_LINK, 0), FR_TIER_LOCAL, FR_POLICY_NOLINK},
    {"no_time_left", kSame, set(FR_FIELD_SLACK, 40), FR_TIER_LOCAL, FR_POLICY_DEADLINE},
    {"deadline_of_the_policy", [](Spec& s) { s.task.deadline_ms = 40; }, kSame, FR_TIER_LOCAL,
     FR_POLICY_DEADLINE},
    {"no_token", kSame, set(FR_FIELD_TOKENS, 0), FR_TIER_LOCAL, FR_POLICY_BUDGET},
    {"class_pinned_local",
     [](Spec& s) {
         s.task.has_pins = true;
         s.task.classes = kClasses;
         s.task.class_count = 5;
     },
     kSame, FR_TIER_LOCAL, FR_POLICY_CLASS_RULE},
    {"class_pinned_to_the_edge",
     [](Spec& s) {
         s.task.has_pins = true;
         s.task.classes = kClasses;
         s.task.class_count = 5;
     },
     [](fr_policy_context_t& c) {
         c.fields[FR_FIELD_CLASS] = 4;
         c.fields[FR_FIELD_CONFIDENCE] = 255;
     },
     FR_TIER_EDGE, FR_POLICY_ESC_RULE},
    {"a_pin_does_not_break_the_bucket",
     [](Spec& s) {
         s.task.has_pins = true;
         s.task.classes = kClasses;
         s.task.class_count = 5;
     },
     [](fr_policy_context_t& c) {
         c.fields[FR_FIELD_CLASS] = 4;
         c.fields[FR_FIELD_TOKENS] = 0;
     },
     FR_TIER_LOCAL, FR_POLICY_BUDGET},
    {"class_beyond_the_map_has_table_0",
     [](Spec& s) {
         s.task.has_pins = true;
         s.task.classes = kClasses;
         s.task.class_count = 5;
     },
     set(FR_FIELD_CLASS, 63), FR_TIER_EDGE, FR_POLICY_ESC_GAIN},
    {"audit", [](Spec& s) { s.task.audit = 1; },
     [](fr_policy_context_t& c) {
         c.fields[FR_FIELD_CONFIDENCE] = 255;
         c.random = 0x12345600;
     },
     FR_TIER_EDGE, FR_POLICY_AUDIT},
    {"no_audit_this_time", [](Spec& s) { s.task.audit = 1; },
     [](fr_policy_context_t& c) {
         c.fields[FR_FIELD_CONFIDENCE] = 255;
         c.random = 0x12345601;
     },
     FR_TIER_LOCAL, FR_POLICY_LOCAL_CONF},
    {"load_raises_the_price", [](Spec& s) { s.task.weights[2] = 1; }, set(FR_FIELD_LOAD, 200),
     FR_TIER_LOCAL, FR_POLICY_LOCAL_CONF},
    {"a_low_battery_raises_the_price",
     [](Spec& s) {
         s.task.weights[3] = 1;
         s.task.shift = 1;
     },
     set(FR_FIELD_BATTERY, 20), FR_TIER_LOCAL, FR_POLICY_LOCAL_CONF},
    {"a_free_policy_always_escalates", [](Spec& s) { s.task.weights[0] = 0; },
     set(FR_FIELD_CONFIDENCE, 255), FR_TIER_EDGE, FR_POLICY_ESC_GAIN},
};

INSTANTIATE_TEST_SUITE_P(Rules, PolicyRules, testing::ValuesIn(kCases),
                         [](const auto& instance) { return instance.param.case_name; });

TEST(Policy, NoneOrGarbageIsLocal) {
    const auto context = good_context();
    EXPECT_EQ(evaluate({}, context).reason, FR_POLICY_BADPOLICY);
    fr_policy_answer_t answer;
    fr_policy_evaluate(nullptr, 0, &context, &answer);
    EXPECT_EQ(answer.tier, FR_TIER_LOCAL);
    EXPECT_EQ(answer.reason, FR_POLICY_BADPOLICY);
    const auto policy = Spec().build();
    for (std::size_t size = 0; size < policy.size(); ++size) {
        const Bytes prefix(policy.begin(), policy.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_EQ(evaluate(prefix, context).tier, FR_TIER_LOCAL) << size;
        EXPECT_NE(fr_policy_check(prefix.data(), prefix.size()), FR_OK) << size;
    }
}

TEST(Policy, EveryFlippedBitIsAnsweredAndPrivateSamplesStay) {
    const auto policy = Spec().build();
    auto context = good_context();
    context.fields[FR_FIELD_PRIVACY] = 2;
    for (std::size_t bit = 0; bit < policy.size() * 8; ++bit) {
        auto changed = policy;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        EXPECT_EQ(evaluate(changed, context).tier, FR_TIER_LOCAL);
        (void)evaluate(changed, good_context());
    }
}

TEST(Policy, ASimpleOneIsSmall) {
    EXPECT_EQ(Spec().build().size(), 12U + 48U);
}

TEST(Policy, FourTasksAndSixGuardsAreSmall) {
    const std::vector<fr_guard_spec_t> guards(6, {FR_FIELD_BATTERY, FR_GUARD_LESS, 40});
    std::vector<fr_policy_task_spec_t> tasks(4, Spec().task);
    for (std::uint8_t i = 0; i < tasks.size(); ++i) {
        tasks[i].task = i;
    }
    const fr_policy_spec_t spec{7, 0, guards.data(), 6, tasks.data(), 4};
    Bytes bytes(FR_POLICY_SIZE_MAX);
    std::size_t size = 0;
    ASSERT_EQ(fr_policy_build(&spec, bytes.data(), bytes.size(), &size), FR_OK);
    EXPECT_EQ(size, 228U);
    EXPECT_LE(size, 256U);
}

TEST(Policy, IsForTheModelThatItNames) {
    Spec spec;
    const auto task = spec.task.task;
    const auto any = spec.build();
    EXPECT_EQ(fr_policy_model(any.data(), any.size(), task), 0U);
    EXPECT_TRUE(fr_policy_suits(any.data(), any.size(), task, 0x1234));
    const std::uint8_t digest[32] = {0x34, 0x12, 0xFF};
    EXPECT_EQ(fr_policy_model_tag(digest), 0x1234U);
    spec.task.model = 0x1234;
    const auto bound = spec.build();
    EXPECT_EQ(fr_policy_model(bound.data(), bound.size(), task), 0x1234U);
    EXPECT_TRUE(fr_policy_suits(bound.data(), bound.size(), task, 0x1234));
    EXPECT_FALSE(fr_policy_suits(bound.data(), bound.size(), task, 0x1235));
    EXPECT_FALSE(fr_policy_suits(bound.data(), bound.size(), task, 0)) << "nothing runs";
    EXPECT_TRUE(fr_policy_suits(bound.data(), bound.size(), task + 1U, 5)) << "it says nothing";
    EXPECT_TRUE(fr_policy_suits(nullptr, 0, task, 5));
    const std::uint8_t zero[32] = {};
    EXPECT_NE(fr_policy_model_tag(zero), 0U) << "0 is any model";
}

TEST(Policy, AnEarlierFormIsRefused) {
    auto bytes = Spec().build();
    bytes[2] = 1;
    EXPECT_EQ(fr_policy_check(bytes.data(), bytes.size()), FR_ERROR_UNSUPPORTED);
    EXPECT_EQ(fr_policy_id(bytes.data(), bytes.size()), 0U);
}

TEST(Policy, NoThreeGroupsWithPins) {
    Spec spec;
    spec.task.has_pins = true;
    spec.task.classes = kClasses;
    spec.task.class_count = 5;
    spec.task.group_count = 3;
    const fr_policy_spec_t whole{7, 0, nullptr, 0, &spec.task, 1};
    Bytes bytes(FR_POLICY_SIZE_MAX);
    std::size_t size = 0;
    EXPECT_EQ(fr_policy_build(&whole, bytes.data(), bytes.size(), &size), FR_ERROR_ARGUMENT);
}

TEST(Policy, TheBuilderRefusesWhatDoesNotFit) {
    Spec spec;
    Bytes bytes(FR_POLICY_SIZE_MAX);
    std::size_t size = 0;
    fr_policy_spec_t whole{7, 0, nullptr, 0, &spec.task, 1};
    for (std::size_t capacity = 0; capacity < 58; ++capacity) {
        EXPECT_EQ(fr_policy_build(&whole, bytes.data(), capacity, &size), FR_ERROR_NO_SPACE);
    }
    whole.id = 0;
    EXPECT_EQ(fr_policy_build(&whole, bytes.data(), bytes.size(), &size), FR_ERROR_LIMIT);
    whole.id = 7;
    spec.task.cap_per_hour = 256 * FR_POLICY_CAP_UNIT;
    EXPECT_EQ(fr_policy_build(&whole, bytes.data(), bytes.size(), &size), FR_ERROR_LIMIT);
    spec.task.cap_per_hour = 60;
    ASSERT_EQ(fr_policy_build(&whole, bytes.data(), bytes.size(), &size), FR_OK);
    EXPECT_EQ(fr_policy_cap_per_hour(bytes.data(), size, 1), 64U);
    EXPECT_EQ(fr_policy_cap_per_hour(bytes.data(), size, 2), 0U);
    EXPECT_EQ(fr_policy_id(bytes.data(), size), 7U);
}

}  // namespace
}  // namespace frugal::test
