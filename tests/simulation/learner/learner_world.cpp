// SPDX-License-Identifier: Apache-2.0
#include "simulation/learner/learner_world.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/rng.hpp"
#include "support/learner_policy.hpp"

namespace frugal::simulation {

namespace {

using policy::Answers;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint32_t kClasses = 3;
constexpr std::uint32_t kBlock = 4096;
constexpr std::uint32_t kStepTasks = 64;
constexpr std::uint32_t kCanary = 500;
constexpr base::Duration kTaskInterval = std::chrono::milliseconds(500);  // of the whole fleet
constexpr double kPrice = 26.0 / 256;
constexpr double kFaultyLocal = 0.35;
constexpr double kFaultyEdge = 0.4;
constexpr double kSlack = 0.02;  // wrong answers a task
constexpr double kFactor = 1.25;
constexpr double kLiarFactor = 1.4;
constexpr double kBlindRho = 0.3;
constexpr std::uint32_t kSettling = 5;  // blocks
constexpr std::array<policy::GainBounds, kClasses> kBounds = {{{0, 40}, {60, 120}, {10, 200}}};

struct Costs {
    double told = 0;
    double local = 0;
    double edge = 0;

    double better() const { return std::min(local, edge); }
};

class Fleet {
public:
    explicit Fleet(const LearnerOptions& options)
        : options_(options), truth_(options.seed), lies_(options.seed + 1) {
        terms_.mode = policy::LearnMode::kIsoGain;
        if (options.has_bounds) {
            std::copy(kBounds.begin(), kBounds.end(), terms_.bounds.begin());
        }
        policies_ = {
            policy::in_force(1, terms_, policy::chow_table(), 1,
                             options.has_bounds ? std::uint8_t{kClasses} : std::uint8_t{1})};
        authored_ = policies_[0].compiled;
        held_ = authored_;
        registration_ = canary(0);
        start_gateway();
    }

    LearnerOutcome run() {
        const std::uint32_t kill_every =
            options_.kills == 0 ? 0 : options_.tasks / (options_.kills + 1);
        for (std::uint32_t task = 0; task < options_.tasks; ++task) {
            decide(task);
            for (std::uint32_t liar = 0; liar < options_.liars; ++liar) {
                if (lies_.below(options_.devices - options_.liars) == 0) {
                    lie(liar);
                }
            }
            now_ = now_ + kTaskInterval;
            if (task % kStepTasks == kStepTasks - 1) {
                step();
            }
            if (task % kBlock == kBlock - 1) {
                end_block(task / kBlock);
                look_at_edge(task);
            }
            if (kill_every != 0 && task % kill_every == kill_every - 1) {
                kill();
            }
        }
        const double tasks = options_.tasks;
        return {options_,
                std::move(violations_),
                total_.told / tasks,
                total_.local / tasks,
                total_.edge / tasks,
                0,
                pushes_,
                hash_};
    }

private:
    void violate(const char* invariant, const std::string& what) {
        violations_.push_back(fmt::format("{}: {}", invariant, what));
    }

    bool is_late_half(std::uint32_t task) const { return task >= options_.tasks / 2; }

    std::uint32_t answer_of(std::uint32_t truth, double right, base::Rng& rng) {
        return rng.chance(right)
                   ? truth
                   : (truth + 1 + static_cast<std::uint32_t>(rng.below(2))) % kClasses;
    }

    /// A task as both models answer it.
    struct Case {
        Answers answers;
        std::uint32_t truth = 0;
    };

    Case draw(bool is_device_faulty, bool is_edge_faulty, base::Rng& rng) {
        const double certainty = std::max(rng.uniform(), rng.uniform());
        const double edge = is_edge_faulty ? kFaultyEdge : options_.edge;
        const double right =
            is_device_faulty ? kFaultyLocal : 1 - std::min(1.0, (1 - certainty) * options_.doubt);
        Case drawn;
        drawn.truth = static_cast<std::uint32_t>(rng.below(kClasses));
        drawn.answers.confidence_q8 = static_cast<std::uint8_t>(certainty * 255);
        drawn.answers.local_class = answer_of(drawn.truth, right, rng);
        drawn.answers.edge_class = answer_of(drawn.truth, edge, rng);
        drawn.answers.opinion = policy::opinion_of(drawn.answers, edge);
        return drawn;
    }

    /// What a labelled canary of the pair tells, as it is at this task.
    policy::Registration canary(std::uint32_t task) {
        base::Rng rng(options_.seed + 2 + task);
        const bool is_faulty = is_late_half(task);
        std::vector<policy::CanarySample> samples;
        for (std::uint32_t i = 0; i < kCanary; ++i) {
            const Case drawn = draw(false, options_.has_edge_fault && is_faulty, rng);
            samples.push_back({drawn.answers, drawn.truth});
        }
        return policy::register_pair(samples, kClasses);
    }

    void decide(std::uint32_t task) {
        const auto device =
            static_cast<std::uint32_t>(truth_.below(options_.devices - options_.liars));
        const auto [answers, truth] = draw(options_.has_device_fault && is_late_half(task),
                                           options_.has_edge_fault && is_late_half(task), truth_);
        const double local_cost = answers.local_class == truth ? 0 : 1;
        const double edge_cost = kPrice + (answers.edge_class == truth ? 0 : 1);
        const bool is_sent = obey(1 + device, answers);
        block_.told += is_sent ? edge_cost : local_cost;
        block_.local += local_cost;
        block_.edge += edge_cost;
    }

    bool obey(std::uint32_t device, const Answers& answers) {
        const auto answer =
            policy::ask_policy(held_, answers, static_cast<std::uint32_t>(truth_.next() >> 32));
        if (answer.tier == FR_TIER_LOCAL) {
            const policy::SiteLearner::LocalDecision decision{
                answers.confidence_q8, static_cast<std::uint8_t>(answers.local_class)};
            learner_->on_decisions(key_, {&decision, 1});
            return false;
        }
        learner_->on_answer(key_, {answers, device, answer.reason == FR_POLICY_AUDIT, true});
        return true;
    }

    void lie(std::uint32_t liar) {
        Answers answers;
        answers.edge_class = static_cast<std::uint32_t>(lies_.below(kClasses));
        answers.local_class = static_cast<std::uint32_t>(lies_.below(kClasses));
        answers.confidence_q8 = static_cast<std::uint8_t>(lies_.below(256));
        if (options_.lie == Lie::kCertain) {
            answers.confidence_q8 = 255;
        } else if (options_.lie == Lie::kPoison) {
            answers.confidence_q8 = static_cast<std::uint8_t>(lies_.below(64));
            answers.local_class = answers.edge_class;
        }
        answers.opinion = policy::opinion_of(answers, options_.edge);
        std::uint32_t device = 1'000 + liar;
        std::uint32_t times = 1;
        if (options_.plant == LearnerPlant::kMasks) {
            device = next_mask_++;
            times = 40;
        }
        for (std::uint32_t i = 0; i < times; ++i) {
            learner_->on_answer(key_, {answers, device, false, true});
        }
    }

    void step() {
        const bool was_alarmed =
            !learner_->cells().empty() && learner_->cells().at(key_).is_alarmed();
        const base::Instant asked = options_.plant == LearnerPlant::kPushStorm
                                        ? base::Instant{} + (now_ - base::Instant{}) * 600
                                        : now_;
        auto result = learner_->step(asked, policies_[0].id + 1);
        for (auto& cell : result.changed) {
            stored_ = std::move(cell);
        }
        for (const auto& push : result.pushes) {
            take(push, was_alarmed || push.is_alarm, asked);
        }
    }

    void take(const policy::PolicyPush& push, bool is_alarm, base::Instant asked) {
        const auto before = policy::learnable_part(policies_[0].compiled, 1);
        const bool is_urgent = is_alarm || before->audit_q8 != push.part.audit_q8;
        stored_ = learner_->stored_after(push).front();
        policies_[0].compiled = with_planted_tables(push, *before);
        policies_[0].id = push.id;
        if (options_.plant == LearnerPlant::kLosesGuard) {
            policies_[0].compiled[FR_POLICY_HEADER_BYTES + 2] = 0;
        }
        learner_->on_pushed(push, asked);
        learner_->set_policies(policies_);
        if (options_.plant != LearnerPlant::kDeafDevices) {
            held_ = policies_[0].compiled;
        }
        check_push(is_urgent);
        ++pushes_;
        for (const auto byte : push.compiled) {
            hash_ = (hash_ ^ byte) * 0x100000001B3ULL;
        }
        last_push_ = now_;
    }

    base::Bytes with_planted_tables(const policy::PolicyPush& push,
                                    const policy::LearnablePart& before) const {
        auto part = push.part;
        if (options_.plant == LearnerPlant::kMixesGroups) {
            std::swap(part.tables[0], part.tables[1]);
        } else if (options_.plant == LearnerPlant::kBoundsFirst) {
            for (std::size_t group = 0; group < part.groups; ++group) {
                limit_step(before.tables[group], part.tables[group]);
            }
        } else {
            return push.compiled;
        }
        return policy::with_learned(push.compiled, 1, push.id, part).value_or(push.compiled);
    }

    static void limit_step(const policy::TableBytes& before, policy::TableBytes& table) {
        constexpr int kStep = policy::LearnCell::kStepMax;
        for (std::size_t bin = 0; bin < policy::kBins; ++bin) {
            table[bin] = static_cast<std::uint8_t>(std::clamp<int>(
                table[bin], std::max(before[bin] - kStep, 0), std::min(before[bin] + kStep, 255)));
        }
    }

    void check_bounds() {
        const auto part = policy::learnable_part(policies_[0].compiled, 1);
        for (std::size_t group = 0; group < part->groups; ++group) {
            const auto& bounds = terms_.bounds[group];
            for (const auto gain : part->tables[group]) {
                if (gain < bounds.floor || gain > bounds.ceiling) {
                    violate("L6", fmt::format("push {} gives class group {} a gain of {}, which is "
                                              "not within {} to {}",
                                              pushes_, group, gain, bounds.floor, bounds.ceiling));
                    return;
                }
            }
        }
    }

    void check_push(bool is_urgent) {
        check_bounds();
        const auto first = policy::learnable_part(authored_, 1);
        const auto back = policy::with_learned(policies_[0].compiled, 1, 1, *first);
        if (!back || *back != policy::bound_to(authored_, 1, key_.model)) {
            violate("L3", fmt::format("push {} changed what the owner fixed", pushes_));
        }
        if (!last_push_) {
            return;
        }
        const auto passed = now_ - *last_push_;
        if (passed < seconds(10) || (!is_urgent && passed < minutes(15))) {
            violate("L4", fmt::format("push {} came {} s after the one before", pushes_,
                                      std::chrono::duration_cast<seconds>(passed).count()));
        }
    }

    void end_block(std::uint32_t number) {
        const std::uint32_t blocks = options_.tasks / kBlock;
        const bool is_after_fault = number >= blocks / 2 && number < blocks / 2 + kSettling;
        const bool is_blind =
            options_.has_device_fault && number >= blocks / 2 && registration_.rho < kBlindRho;
        const bool has_fault = options_.has_device_fault || options_.has_edge_fault;
        const bool is_settled = number != 0 && !is_blind && !(has_fault && is_after_fault);
        const double factor = options_.liars == 0 ? kFactor : kLiarFactor;
        const double bound = block_.better() * factor + kSlack * kBlock;
        if (is_settled && !options_.has_bounds && block_.told > bound) {
            violate("L1",
                    fmt::format("block {} cost {:.0f}; all local {:.0f}, all to the edge {:.0f}",
                                number, block_.told, block_.local, block_.edge));
        }
        total_.told += block_.told;
        total_.local += block_.local;
        total_.edge += block_.edge;
        block_ = {};
    }

    /// The canary is run again now and then; what it tells of a changed edge is registered.
    void look_at_edge(std::uint32_t task) {
        if (options_.has_edge_fault && task == options_.tasks / 2 + kBlock - 1) {
            registration_ = canary(task);
            last_push_.reset();
            learner_->set_registration({1, key_.model, key_.edge_model}, registration_);
        }
    }

    void start_gateway() {
        learner_.emplace(options_.seed);
        learner_->set_registration({1, key_.model, key_.edge_model}, registration_);
        learner_->set_policies(policies_);
    }

    void kill() {
        const bool had_cell = !learner_->cells().empty();
        const auto before = had_cell ? std::optional(learner_->cells().at(key_)) : std::nullopt;
        start_gateway();
        if (stored_ && options_.plant != LearnerPlant::kForgetsCells) {
            learner_->remember(*stored_);
        }
        const policy::SiteLearner::LocalDecision one{255, 0};
        learner_->on_decisions(key_, {&one, 1});
        if (!before) {
            return;
        }
        const auto& now = learner_->cells().at(key_);
        if (before->tasks() - now.tasks() > 2 * kStepTasks + 1 ||
            now.pushed().tables != before->pushed().tables) {
            violate("L5", fmt::format("{:.0f} tasks were known before the kill, {:.0f} after",
                                      before->tasks(), now.tasks()));
        }
    }

    const LearnerOptions options_;
    base::Rng truth_;
    base::Rng lies_;
    const policy::CellKey key_{policy::scope_of(), policy::digest_of(1), policy::digest_of(2)};
    policy::LearnTerms terms_;
    std::vector<policy::PolicyInForce> policies_;
    base::Bytes authored_;
    policy::Registration registration_;
    base::Bytes held_;  ///< by the devices
    std::optional<policy::SiteLearner> learner_;
    std::optional<policy::StoredCell> stored_;
    base::Instant now_{};
    std::optional<base::Instant> last_push_;
    Costs block_;
    Costs total_;
    std::uint32_t next_mask_ = 100'000;
    std::uint32_t pushes_ = 0;
    std::uint64_t hash_ = 0xCBF29CE484222325ULL;
    std::vector<std::string> violations_;
};

}  // namespace

LearnerOutcome run_learner(const LearnerOptions& options) {
    LearnerOutcome outcome = Fleet(options).run();
    outcome.cost_alone = outcome.cost;
    if (options.liars == 0 || options.has_bounds) {
        return outcome;
    }
    LearnerOptions honest = options;
    honest.devices -= honest.liars;
    honest.liars = 0;
    outcome.cost_alone = Fleet(honest).run().cost;
    if (outcome.cost > outcome.cost_alone * kLiarFactor + kSlack) {
        outcome.violations.push_back(
            fmt::format("L2: an honest task costs {:.3f}, {:.3f} without liars", outcome.cost,
                        outcome.cost_alone));
    }
    return outcome;
}

}  // namespace frugal::simulation
