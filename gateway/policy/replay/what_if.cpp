// SPDX-License-Identifier: Apache-2.0
#include "policy/replay/what_if.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <vector>

#include "base/rng.hpp"
#include "frugal/message.h"
#include "frugal/policy.h"
#include "frugal/policy_bucket.h"
#include "policy/learn/canary.hpp"
#include "policy/learn/compiled_table.hpp"

namespace frugal::policy {

namespace {

constexpr double kWholeQ8 = 256;
constexpr double kPriorWeight = 2;
constexpr double kTwoSided95 = 1.96;
constexpr double kBlocksLeast = 8;
constexpr std::int16_t kNominalRtt_ms = 16;
constexpr std::int16_t kFullBattery = 200;

fr_policy_context_t unhindered(const WhatIfQuestion& question) {
    fr_policy_context_t context{};
    context.fields[FR_FIELD_TASK] = static_cast<std::int16_t>(question.task);
    context.fields[FR_FIELD_BATTERY] = kFullBattery;
    context.fields[FR_FIELD_RTT] = kNominalRtt_ms;
    context.fields[FR_FIELD_PAYLOAD] =
        static_cast<std::int16_t>(std::min(question.payload_bytes / 16, 32767u));
    context.fields[FR_FIELD_SLACK] = INT16_MAX;
    context.fields[FR_FIELD_LINK] = 1;
    context.random = UINT32_MAX;  // no audit: its chance is reckoned with instead
    return context;
}

/// Of a task that was sent, as if nothing but its price decided; absent where a rule comes first.
std::optional<double> sent_price_of(const WhatIfQuestion& question, fr_policy_context_t context,
                                    const WhatIfContext& recorded) {
    context.fields[FR_FIELD_PRICE] = recorded.price_q8;
    context.fields[FR_FIELD_TOKENS] = INT16_MAX;
    context.fields[FR_FIELD_CLASS] = INT16_MAX;  // beyond any map: decided by gain
    fr_policy_answer_t answer{};
    fr_policy_evaluate(question.compiled.data(), question.compiled.size(), &context, &answer);
    return answer.price > 0 ? std::optional(answer.price / kWholeQ8) : std::nullopt;
}

/// The token bucket of every device under the candidate's cap, in the order of time.
class Buckets {
public:
    Buckets(std::uint32_t cap_per_hour, std::int64_t begin_ms)
        : cap_per_hour_(cap_per_hour), begin_ms_(begin_ms) {}

    std::int16_t tokens(const WhatIfContext& recorded) {
        if (recorded.device >= spent_ms_.size()) {
            spent_ms_.resize(recorded.device + 1);
        }
        const auto tokens =
            fr_policy_tokens(spent_ms_[recorded.device], now(recorded), cap_per_hour_);
        return static_cast<std::int16_t>(std::min<std::uint32_t>(tokens, INT16_MAX));
    }
    void spend(const WhatIfContext& recorded) {
        auto& spent_ms = spent_ms_[recorded.device];
        spent_ms = fr_policy_spend(spent_ms, now(recorded), cap_per_hour_);
    }

private:
    std::uint64_t now(const WhatIfContext& recorded) const {
        return static_cast<std::uint64_t>(std::max<std::int64_t>(0, recorded.at_ms - begin_ms_));
    }

    std::uint32_t cap_per_hour_;
    std::int64_t begin_ms_;
    std::vector<std::uint64_t> spent_ms_;
};

/// What the gateway's share budget asks of a group (core/offload/share_budget.hpp): a queue that
/// grows by every escalation and shrinks by the share of every decision.
class Share {
public:
    explicit Share(std::uint32_t permille)
        : share_(permille / 1000.0), is_limited_(permille != 0) {}

    std::int16_t price() const {
        return static_cast<std::int16_t>(std::min(kStop, kWholeQ8 * queue_ / kPatience));
    }
    /// The gateway tells devices then that nothing may go up.
    bool is_closed() const { return price() == static_cast<std::int16_t>(kStop); }
    void on_decision() { queue_ = std::max(0.0, queue_ - share_); }
    void on_escalated(double chance) {
        queue_ = is_limited_ ? std::min(queue_ + chance, 2 * kPatience) : 0;
    }

private:
    static constexpr double kPatience = 64;
    static constexpr double kStop = 255;
    double share_;
    bool is_limited_;
    double queue_ = 0;
};

/// Chance that the policy sends a task that it answered so.
double chance_of(const fr_policy_answer_t& answer, double audit) {
    if (answer.tier != FR_TIER_LOCAL) {
        return 1;
    }
    return answer.reason == FR_POLICY_LOCAL_CONF ? audit : 0;
}

/// Student's quantile for 95 % on both sides, by its expansion (Abramowitz and Stegun, 26.7.5).
double quantile(double freedom) {
    return kTwoSided95 + 2.37 / freedom + 2.82 / (freedom * freedom);
}

struct BlockSum {
    double value = 0;
    double tasks = 0;
};

/// Everything that is summed over the recorded tasks.
class Estimate {
public:
    explicit Estimate(double rho) : rho_(rho) {}

    /// What a task comes to. Prices are by the candidate's weights; what was really sent is priced
    /// without its caps, shares and pins, which had no part in that.
    struct Weighed {
        double chance = 0;  ///< the candidate's to send
        double price = 0;
        double sent_price = 0;
        double mean = 0;  ///< gain expected in the task's bin
    };

    void add(const WhatIfContext& recorded, const Weighed& weighed) {
        const double chance = weighed.chance;
        const double mean = weighed.mean;
        double value = chance * (weighed.price - mean);
        if (recorded.is_sent && recorded.propensity_q8 > 0) {
            const double signal = static_cast<double>(recorded.signal);
            const double gain = rho_ * signal;
            const double weight = kWholeQ8 / recorded.propensity_q8;
            const double residual = signal != 0 ? std::max(0.0, 1 - gain * gain) : 0;
            value -= chance * weight * (gain - mean);
            recorded_ += weighed.sent_price - gain;
            slope_ += chance * weight * signal;
            hard_ += chance * chance * weight * residual;
            signals_ += weight * signal;
            residuals_ += weight * residual;
            ++sent_;
        }
        if (recorded.block >= blocks_.size()) {
            blocks_.resize(recorded.block + 1);
        }
        blocks_[recorded.block].value += value;
        blocks_[recorded.block].tasks += 1;
        value_ += value;
        squares_ += value * value;
        chances_ += chance;
        tasks_ += 1;
    }

    WhatIfAnswer answer(double rho_samples) const {
        WhatIfAnswer result;
        result.tasks = static_cast<std::uint64_t>(tasks_);
        result.sent = sent_;
        result.escalated_share = chances_ / tasks_;
        result.recorded_share = static_cast<double>(sent_) / tasks_;
        result.cost_per_task = value_ / tasks_;
        result.recorded_cost_per_task = recorded_ / tasks_;
        const double rho = kTwoSided95 * std::sqrt(rho_variance(rho_samples));
        const double by_rho = rho * slope_ / tasks_;
        const double sampling = sampling_half_interval();
        const double hard = kTwoSided95 * std::sqrt(hard_) / tasks_;
        result.rho_half_interval = rho;
        result.cost_half_interval = std::sqrt(sampling * sampling + by_rho * by_rho + hard * hard);
        return result;
    }

private:
    double rho_variance(double samples) const {
        const double signals = samples * std::max(0.0, signals_ / tasks_) + kRhoPrior;
        return (samples * residuals_ / tasks_ + kRhoPrior) / (signals * signals);
    }

    double sampling_half_interval() const {
        const double mean = value_ / tasks_;
        const double single =
            kTwoSided95 * std::sqrt(std::max(0.0, squares_ / tasks_ - mean * mean) / tasks_);
        double blocks = 0;
        double squares = 0;
        for (const BlockSum& block : blocks_) {
            const double beside = block.value - mean * block.tasks;
            blocks += block.tasks > 0 ? 1 : 0;
            squares += beside * beside;
        }
        if (blocks < kBlocksLeast) {
            return single;
        }
        const double error = std::sqrt(squares * blocks / (blocks - 1)) / tasks_;
        return std::max(single, quantile(blocks - 1) * error);
    }

    double rho_;
    double value_ = 0;
    double squares_ = 0;
    double recorded_ = 0;
    double chances_ = 0;
    double slope_ = 0;      ///< what a unit of rho is worth
    double hard_ = 0;       ///< variance of right or wrong answers
    double signals_ = 0;    ///< of all tasks, by those sent
    double residuals_ = 0;  ///< likewise: squared differences of gains from rho times their signal
    double tasks_ = 0;
    std::uint64_t sent_ = 0;
    std::vector<BlockSum> blocks_;
};

}  // namespace

BinValues mean_gains(std::span<const WhatIfContext> contexts, double rho, std::size_t fold) {
    BinValues values{};
    BinValues weights{};
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        weights[bin] = kPriorWeight;
        values[bin] = kPriorWeight * chow_gain(bin);
    }
    for (const WhatIfContext& context : contexts) {
        if (context.block % 2 == fold && context.is_sent && context.propensity_q8 > 0) {
            const double weight = kWholeQ8 / context.propensity_q8;
            weights[bin_of(context.confidence_q8)] += weight;
            values[bin_of(context.confidence_q8)] +=
                weight * rho * static_cast<double>(context.signal);
        }
    }
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        values[bin] /= weights[bin];
    }
    return fit_nonincreasing(values, weights).values;
}

WhatIfAnswer what_if(const WhatIfQuestion& question, std::span<const WhatIfContext> contexts) {
    const auto part = learnable_part(question.compiled, question.task);
    if (!part || contexts.empty()) {
        return {};
    }
    const double audit = part->audit_q8 / kWholeQ8;
    const std::array<BinValues, 2> expected = {mean_gains(contexts, question.rho, 1),
                                               mean_gains(contexts, question.rho, 0)};
    const double nominal =
        nominal_price(question.compiled, question.task, question.payload_bytes).value_or(0);
    fr_policy_context_t context = unhindered(question);
    Estimate estimate(question.rho);
    Buckets buckets(
        fr_policy_cap_per_hour(question.compiled.data(), question.compiled.size(), question.task),
        contexts.front().at_ms);
    Share share(question.share_permille);
    base::Rng rng(1);  // draws which audits take a token; any seed does
    for (const WhatIfContext& recorded : contexts) {
        share.on_decision();
        context.fields[FR_FIELD_CONFIDENCE] = recorded.confidence_q8;
        context.fields[FR_FIELD_CLASS] = recorded.local_class;
        context.fields[FR_FIELD_PRICE] = std::max<std::int16_t>(recorded.price_q8, share.price());
        context.fields[FR_FIELD_TOKENS] =
            share.is_closed() ? std::int16_t{0} : buckets.tokens(recorded);
        context.fields[FR_FIELD_LOAD] = recorded.load_q8;
        fr_policy_answer_t answer{};
        fr_policy_evaluate(question.compiled.data(), question.compiled.size(), &context, &answer);
        const double price = answer.price > 0 ? answer.price / kWholeQ8 : nominal;
        const double sent_price =
            recorded.is_sent ? sent_price_of(question, context, recorded).value_or(nominal) : 0;
        const double chance = chance_of(answer, audit);
        share.on_escalated(chance);
        if (chance == 1 || (chance > 0 && rng.chance(chance))) {
            buckets.spend(recorded);
        }
        estimate.add(recorded, {chance, price, sent_price,
                                expected[recorded.block % 2][bin_of(recorded.confidence_q8)]});
    }
    return estimate.answer(question.rho_samples);
}

}  // namespace frugal::policy
