// SPDX-License-Identifier: Apache-2.0
// A fleet in a test: devices with a confidence, an edge that is right as often as told, and a
// SiteLearner whose pushes they obey through the device's own evaluator. Seeded, no clock.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <vector>

#include "base/rng.hpp"
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

/// A policy of task 1 with price 26/256 on a quiet gateway and a guard at battery 20 %.
inline base::Bytes compiled_policy(std::uint32_t id, const TableBytes& table,
                                   std::uint8_t audit_q8 = 1) {
    static constexpr fr_guard_spec_t kGuard = {FR_FIELD_BATTERY, FR_GUARD_LESS, 40};
    static constexpr std::array<std::uint8_t, 4> kClasses = {0, 0, 0, FR_POLICY_PIN_LOCAL};
    fr_policy_task_spec_t task{};
    task.task = 1;
    task.tier = FR_TIER_EDGE;
    task.privacy = 1;
    task.has_pins = true;
    task.classes = kClasses.data();
    task.class_count = kClasses.size();
    task.cap_per_hour = 800;
    task.weights[0] = 1;
    task.audit = audit_q8;
    task.group_count = 1;
    std::copy(table.begin(), table.end(), task.gains[0]);
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

inline TableBytes chow_table() {
    BinValues gains{};
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        gains[bin] = chow_gain(bin);
    }
    return to_q8(gains);
}

inline PolicyInForce in_force(std::uint32_t id, const LearnTerms& terms,
                              const TableBytes& table = chow_table(), std::uint8_t audit_q8 = 1) {
    return {scope_of(), compiled_policy(id, table, audit_q8), id, terms, 3, kPayloadBytes};
}

class LearnerWorld {
public:
    explicit LearnerWorld(std::uint64_t seed, LearnMode mode = LearnMode::kIsoGain)
        : learner(seed), rng_(seed) {
        terms.mode = mode;
        policies = {in_force(1, terms)};
        learner.set_policies(policies);
    }

    /// One task of an honest device: right with chance `local`, the edge with `edge`.
    void decide(std::uint32_t device, std::uint8_t confidence_q8, double local, double edge) {
        const bool is_right = rng_.chance(local);
        Answers answers;
        answers.confidence_q8 = confidence_q8;
        answers.local_class = is_right ? 0 : 1;
        answers.edge_class = rng_.chance(edge) ? 0 : 1;
        answers.opinion = opinion_of(answers, edge);
        costs += obey(device, answers, is_right, answers.edge_class == 0);
        ++tasks;
    }

    /// A device that claims to be certain of whatever it likes, and asks all the same.
    void lie(std::uint32_t device) {
        Answers answers;
        answers.confidence_q8 = 255;
        answers.local_class = static_cast<std::uint32_t>(rng_.below(3));
        answers.edge_class = 0;
        answers.opinion = opinion_of(answers, 0.95);
        learner.on_answer(key, {answers, device, false, true});
        ++lies;
    }

    /// Lets time pass and pushes what the learner wants.
    LearnerStep step(base::Duration passed = std::chrono::seconds(60)) {
        now = now + passed;
        auto result = learner.step(now, policies[0].id + 1);
        for (const PolicyPush& push : result.pushes) {
            policies[0].compiled = push.compiled;
            policies[0].id = push.id;
            learner.on_pushed(push, now);
            learner.set_policies(policies);
            ++pushes;
        }
        return result;
    }

    LearnablePart part() const { return *learnable_part(policies[0].compiled, 1); }
    const LearnCell& cell() const { return learner.cells().at(key); }

    CellKey key{scope_of(), digest_of(1), digest_of(2)};
    LearnTerms terms;
    std::vector<PolicyInForce> policies;
    SiteLearner learner;
    base::Instant now;
    double costs = 0;
    int tasks = 0;
    int pushes = 0;
    int lies = 0;
    int sent = 0;

private:
    static EdgeOpinion opinion_of(const Answers& answers, double edge) {
        return {edge, answers.local_class == answers.edge_class ? edge : (1 - edge) / 2};
    }

    double obey(std::uint32_t device, const Answers& answers, bool is_right, bool edge_is_right) {
        fr_policy_context_t context{};
        context.fields[FR_FIELD_TASK] = 1;
        context.fields[FR_FIELD_CONFIDENCE] = answers.confidence_q8;
        context.fields[FR_FIELD_CLASS] = static_cast<std::int16_t>(answers.local_class);
        context.fields[FR_FIELD_BATTERY] = 200;
        context.fields[FR_FIELD_LINK] = 1;
        context.fields[FR_FIELD_TOKENS] = 100;
        context.fields[FR_FIELD_SLACK] = INT16_MAX;
        context.fields[FR_FIELD_PAYLOAD] = kPayloadBytes / 16;
        context.random = static_cast<std::uint32_t>(rng_.next() >> 32);
        fr_policy_answer_t answer{};
        const base::Bytes& policy = policies[0].compiled;
        fr_policy_evaluate(policy.data(), policy.size(), &context, &answer);
        if (answer.tier == FR_TIER_LOCAL) {
            const SiteLearner::LocalDecision decision{
                answers.confidence_q8, static_cast<std::uint8_t>(answers.local_class)};
            learner.on_decisions(key, {&decision, 1});
            return is_right ? 0 : 1;
        }
        ++sent;
        learner.on_answer(key, {answers, device, answer.reason == FR_POLICY_AUDIT, true});
        return 26.0 / 256 + (edge_is_right ? 0 : 1);
    }

    base::Rng rng_;
};

}  // namespace frugal::policy
