// SPDX-License-Identifier: Apache-2.0
// What is proved of a policy holds in every context: random policies, most of them with guards that
// hold now and then, in random contexts through the device's own evaluator.
#include <gtest/gtest.h>

#include <array>

#include "base/rng.hpp"
#include "policy/author/field_names.hpp"
#include "policy/author/policy_proof.hpp"

namespace frugal::policy {
namespace {

constexpr std::uint32_t kPayload = 784;
constexpr int kPolicies = 3000;
constexpr int kContexts = 200;

std::int64_t between(base::Rng& rng, const Range& range) {
    const auto count = static_cast<std::uint64_t>(range.most - range.least + 1);
    return range.least + static_cast<std::int64_t>(rng.below(count));
}

/// Often near an end of what devices put there, where rules begin and end to hold.
std::int64_t value_of(base::Rng& rng, const Range& range) {
    switch (rng.below(4)) {
        case 0:
            return range.least + static_cast<std::int64_t>(rng.below(2));
        case 1:
            return range.most - static_cast<std::int64_t>(rng.below(2));
        case 2:
            return std::clamp<std::int64_t>(static_cast<std::int64_t>(rng.below(64)), range.least,
                                            range.most);
        default:
            return between(rng, range);
    }
}

struct Written {
    base::Bytes bytes;
    std::vector<fr_guard_spec_t> guards;
    ClassRules rules;
};

fr_guard_spec_t guard_of(base::Rng& rng) {
    const FieldName& name = kFields[rng.below(kFields.size())];
    fr_guard_spec_t guard{};
    guard.field = static_cast<std::uint8_t>(name.field);
    guard.operation = static_cast<std::uint8_t>(rng.below(FR_GUARD_OPERATIONS));
    guard.value = static_cast<std::int16_t>(value_of(rng, name.range));
    if (rng.chance(0.1)) {
        guard.operation |= FR_GUARD_FIELD_VALUE;
        guard.value = static_cast<std::int16_t>(rng.below(FR_FIELDS));
    }
    return guard;
}

/// Prices and gains about as large as each other; some tasks stay by what they are.
Written policy_of(base::Rng& rng) {
    Written written;
    const auto small = [&rng](std::uint64_t bound) {
        return static_cast<std::uint8_t>(rng.below(bound));
    };
    fr_policy_task_spec_t task{};
    task.task = kProvedTask;
    task.privacy = small(10) == 0 ? 2 : small(2);
    task.tier = static_cast<std::uint8_t>(rng.chance(0.8) ? FR_TIER_EDGE : FR_TIER_CLOUD);
    task.deadline_ms = rng.chance(0.5) ? 0 : 8 + 8 * static_cast<std::uint32_t>(rng.below(100));
    for (auto& weight : task.weights) {
        weight = rng.chance(0.6) ? 0 : small(8);
    }
    task.shift = small(9);
    task.audit = rng.chance(0.8) ? 0 : 8;
    task.group_count = 2;
    const std::array<std::uint8_t, 4> classes = {0, 1, 1, 0};
    task.classes = classes.data();
    task.class_count = classes.size();
    written.rules.groups.assign(classes.begin(), classes.end());
    written.rules.group_count = 2;
    for (std::uint32_t group = 0; group < 2; ++group) {
        const std::uint8_t most = rng.chance(0.7) ? 0 : small(20);
        written.rules.bounds[group] = {0, most};
        for (auto& gain : task.gains[group]) {
            gain = static_cast<std::uint8_t>(rng.below(most + (rng.chance(0.001) ? 2U : 1U)));
        }
    }
    for (auto count = rng.below(6); count > 0; --count) {
        written.guards.push_back(guard_of(rng));
    }
    fr_policy_spec_t spec{};
    spec.id = 1;
    spec.expiry_hours = rng.chance(0.5) ? 0 : 1 + static_cast<std::uint32_t>(rng.below(40));
    spec.guards = written.guards.data();
    spec.guard_count = static_cast<std::uint32_t>(written.guards.size());
    spec.tasks = &task;
    spec.task_count = 1;
    written.bytes.resize(FR_POLICY_SIZE_MAX);
    std::size_t size = 0;
    EXPECT_EQ(fr_policy_build(&spec, written.bytes.data(), written.bytes.size(), &size), FR_OK);
    written.bytes.resize(size);
    return written;
}

/// Some fields lie beside a guard's value.
fr_policy_context_t context_of(base::Rng& rng, const Written& written) {
    fr_policy_context_t context{};
    for (const FieldName& name : kFields) {
        context.fields[name.field] = static_cast<std::int16_t>(value_of(rng, name.range));
    }
    for (const auto& guard : written.guards) {
        for (const FieldName& name : kFields) {
            if (name.field == guard.field && rng.chance(0.5)) {
                const auto beside = guard.value - 1 + static_cast<std::int64_t>(rng.below(3));
                context.fields[name.field] = static_cast<std::int16_t>(
                    std::clamp(beside, name.range.least, name.range.most));
            }
        }
    }
    context.fields[FR_FIELD_TASK] = kProvedTask;
    context.fields[FR_FIELD_CLASS] = static_cast<std::int16_t>(rng.below(FR_CLASSES_MAX));
    context.fields[FR_FIELD_PRIVACY] = static_cast<std::int16_t>(rng.chance(0.9) ? 0 : 1);
    context.fields[FR_FIELD_LINK] = static_cast<std::int16_t>(rng.chance(0.95) ? 1 : 0);
    context.random = static_cast<std::uint32_t>(rng.next());
    return context;
}

TEST(PolicyContexts, WhatIsProvedHoldsInAllOfThem) {
    base::Rng rng(2024);
    int closed = 0;
    int spared = 0;
    int kept = 0;
    int found = 0;
    for (int i = 0; i < kPolicies; ++i) {
        SCOPED_TRACE(i);
        const auto written = policy_of(rng);
        const bool can = can_escalate(written.bytes);
        const bool asks = asks_for_nothing(written.bytes, written.rules, kPayload);
        const bool keeps = keeps_bounds(written.bytes, written.rules);
        closed += can ? 0 : 1;
        spared += can && !asks ? 1 : 0;
        kept += keeps ? 1 : 0;
        const OwnerBounds bounds = owner_bounds(written.rules);
        for (int j = 0; j < kContexts; ++j) {
            auto context = context_of(rng, written);
            fr_policy_answer_t answer{};
            fr_policy_evaluate(written.bytes.data(), written.bytes.size(), &context, &answer);
            found += answer.tier != FR_TIER_LOCAL ? 1 : 0;
            ASSERT_TRUE(can || answer.tier == FR_TIER_LOCAL);
            const auto& own = bounds.of(static_cast<std::uint32_t>(context.fields[FR_FIELD_CLASS]));
            ASSERT_TRUE(!keeps || answer.gain <= own.ceiling);
            context.fields[FR_FIELD_PAYLOAD] = kPayload / 16;
            fr_policy_evaluate(written.bytes.data(), written.bytes.size(), &context, &answer);
            ASSERT_TRUE(asks || answer.reason != FR_POLICY_ESC_GAIN || own.ceiling > 0);
        }
    }
    // The test looked at something: proofs that were given, and contexts that escalate.
    EXPECT_GT(closed, kPolicies / 20);
    EXPECT_GT(spared, kPolicies / 20);
    EXPECT_GT(kept, kPolicies / 2);
    EXPECT_GT(found, kPolicies);
}

}  // namespace
}  // namespace frugal::policy
