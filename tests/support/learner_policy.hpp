// SPDX-License-Identifier: Apache-2.0
// A small learnable policy, compiled, for tests of the learner: one task of class "m4" with a
// price, a cap, a guard and a class rule.
#pragma once

#include <algorithm>
#include <array>
#include <cstdlib>

#include "policy/learn/site_learner.hpp"

namespace frugal::policy {

inline base::Digest digest_of(std::uint8_t fill) {
    base::Digest digest{};
    digest.fill(fill);
    return digest;
}

inline PolicyScope scope_of(const char* device_class = "m4") {
    return {1, *base::ClassName::parse(device_class)};
}

/// A policy of task 1 with price 26/256 on a quiet gateway and a guard at battery 20 %. Either its
/// last class is pinned, or its three classes are groups of their own, which begin with one table.
inline base::Bytes compiled_policy(std::uint32_t id, const TableBytes& table,
                                   std::uint8_t audit_q8 = 1, std::uint8_t groups = 1) {
    static constexpr fr_guard_spec_t kGuard = {FR_FIELD_BATTERY, FR_GUARD_LESS, 40};
    static constexpr std::array<std::uint8_t, 4> kPinned = {0, 0, 0, FR_POLICY_PIN_LOCAL};
    static constexpr std::array<std::uint8_t, 4> kGrouped = {0, 1, 2, 0};
    fr_policy_task_spec_t task{};
    task.task = 1;
    task.tier = FR_TIER_EDGE;
    task.privacy = 1;
    task.has_pins = groups == 1;
    task.classes = task.has_pins ? kPinned.data() : kGrouped.data();
    task.class_count = kPinned.size();
    task.cap_per_hour = 800;
    task.weights[0] = 1;
    task.audit = audit_q8;
    task.group_count = groups;
    for (std::size_t group = 0; group < groups; ++group) {
        std::copy(table.begin(), table.end(), task.gains[group]);
    }
    fr_policy_spec_t spec{};
    spec.id = id;
    spec.expiry_hours = 72;
    spec.guards = &kGuard;
    spec.guard_count = 1;
    spec.tasks = &task;
    spec.task_count = 1;
    base::Bytes bytes(FR_POLICY_SIZE_MAX);
    std::size_t size = 0;
    if (fr_policy_build(&spec, bytes.data(), bytes.size(), &size) != FR_OK) {
        std::abort();
    }
    bytes.resize(size);
    return bytes;
}

inline constexpr std::uint32_t kPayloadBytes = 26 * 16;

/// What the edge says of both answers when it is as sure as it is right.
inline EdgeOpinion opinion_of(const Answers& answers, double edge) {
    return {edge, answers.local_class == answers.edge_class ? edge : (1 - edge) / 2};
}

/// What a device that nothing hinders asks a policy of task 1, by the device's own evaluator.
inline fr_policy_answer_t ask_policy(base::ByteView policy, const Answers& answers,
                                     std::uint32_t random) {
    fr_policy_context_t context{};
    context.fields[FR_FIELD_TASK] = 1;
    context.fields[FR_FIELD_CONFIDENCE] = answers.confidence_q8;
    context.fields[FR_FIELD_CLASS] = static_cast<std::int16_t>(answers.local_class);
    context.fields[FR_FIELD_BATTERY] = 200;
    context.fields[FR_FIELD_LINK] = 1;
    context.fields[FR_FIELD_TOKENS] = 100;
    context.fields[FR_FIELD_SLACK] = INT16_MAX;
    context.fields[FR_FIELD_PAYLOAD] = kPayloadBytes / 16;
    context.random = random;
    fr_policy_answer_t answer{};
    fr_policy_evaluate(policy.data(), policy.size(), &context, &answer);
    return answer;
}

inline TableBytes chow_table() {
    BinValues gains{};
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        gains[bin] = chow_gain(bin);
    }
    return to_q8(gains);
}

inline PolicyInForce in_force(std::uint32_t id, const LearnTerms& terms,
                              const TableBytes& table = chow_table(), std::uint8_t audit_q8 = 1,
                              std::uint8_t groups = 1) {
    const auto compiled = compiled_policy(id, table, audit_q8, groups);
    return {scope_of(), compiled, id, terms, 3, kPayloadBytes, learnable_part(compiled, 1)};
}

}  // namespace frugal::policy
