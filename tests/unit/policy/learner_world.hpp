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
#include "support/learner_policy.hpp"

namespace frugal::policy {

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
        const auto truth = static_cast<std::uint32_t>(rng_.below(3));
        const auto wrong = (truth + 1 + static_cast<std::uint32_t>(rng_.below(2))) % 3;
        answers.local_class = is_right ? truth : wrong;
        answers.edge_class = rng_.chance(edge) ? truth : wrong;
        answers.opinion = opinion_of(answers, edge);
        costs += obey(device, answers, is_right, answers.edge_class == truth);
        ++tasks;
    }

    /// A device that claims to be certain of whatever it likes, and asks all the same.
    void lie(std::uint32_t device) {
        Answers answers;
        answers.confidence_q8 = 255;
        answers.local_class = static_cast<std::uint32_t>(rng_.below(3));
        answers.edge_class = static_cast<std::uint32_t>(rng_.below(3));
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
    double obey(std::uint32_t device, const Answers& answers, bool is_right, bool edge_is_right) {
        const auto answer = ask_policy(policies[0].compiled, answers,
                                       static_cast<std::uint32_t>(rng_.next() >> 32));
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

/// `count` tasks of 20 devices, evenly over all confidences: right as often as they say, at `skill`
/// times their doubt.
inline void live(LearnerWorld& world, int count, double doubt_factor, double edge = 0.95) {
    for (int i = 0; i < count; ++i) {
        const auto confidence = static_cast<std::uint8_t>((i * 37) % 256);
        const double doubt = (1 - confidence / 255.0) * doubt_factor;
        world.decide(1 + static_cast<std::uint32_t>(i % 20), confidence, 1 - std::min(1.0, doubt),
                     edge);
        if (i % 64 == 63) {
            world.step();
        }
    }
}

}  // namespace frugal::policy
