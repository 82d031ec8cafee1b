// SPDX-License-Identifier: Apache-2.0
#include "policy/replay/what_if.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "frugal/message.h"
#include "frugal/policy.h"
#include "policy/learn/compiled_table.hpp"

namespace frugal::policy {

namespace {

constexpr double kWholeQ8 = 256;
constexpr double kPriorWeight = 2;
constexpr double kTwoSided95 = 1.96;
constexpr std::int16_t kNominalRtt_ms = 16;
constexpr std::int16_t kFullBattery = 200;

fr_policy_context_t unhindered(const WhatIfQuestion& question) {
    fr_policy_context_t context{};
    context.fields[FR_FIELD_TASK] = static_cast<std::int16_t>(question.task);
    context.fields[FR_FIELD_BATTERY] = kFullBattery;
    context.fields[FR_FIELD_RTT] = kNominalRtt_ms;
    context.fields[FR_FIELD_PAYLOAD] =
        static_cast<std::int16_t>(std::min(question.payload_bytes / 16, 32767u));
    context.fields[FR_FIELD_TOKENS] = INT16_MAX;
    context.fields[FR_FIELD_SLACK] = INT16_MAX;
    context.fields[FR_FIELD_LINK] = 1;
    context.random = UINT32_MAX;  // no audit: its chance is reckoned with instead
    return context;
}

/// Chance that the policy sends a task that it answered so.
double chance_of(const fr_policy_answer_t& answer, double audit) {
    if (answer.tier != FR_TIER_LOCAL) {
        return 1;
    }
    return answer.reason == FR_POLICY_LOCAL_CONF ? audit : 0;
}

struct Sums {
    double value = 0;
    double squares = 0;
    double recorded = 0;
    double chances = 0;
};

}  // namespace

BinValues mean_gains(std::span<const WhatIfContext> contexts, std::size_t fold) {
    BinValues values{};
    BinValues weights{};
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        weights[bin] = kPriorWeight;
        values[bin] = kPriorWeight * chow_gain(bin);
    }
    for (std::size_t i = fold; i < contexts.size(); i += 2) {
        const WhatIfContext& context = contexts[i];
        if (context.is_sent && context.propensity_q8 > 0) {
            const double weight = kWholeQ8 / context.propensity_q8;
            weights[bin_of(context.confidence_q8)] += weight;
            values[bin_of(context.confidence_q8)] += weight * static_cast<double>(context.gain);
        }
    }
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        values[bin] /= weights[bin];
    }
    return fit_nonincreasing(values, weights).values;
}

WhatIfAnswer what_if(const WhatIfQuestion& question, std::span<const WhatIfContext> contexts) {
    WhatIfAnswer result;
    const auto part = learnable_part(question.compiled, question.task);
    if (!part || contexts.empty()) {
        return result;
    }
    const double audit = part->audit_q8 / kWholeQ8;
    const std::array<BinValues, 2> expected = {mean_gains(contexts, 1), mean_gains(contexts, 0)};
    std::size_t place = 0;
    const double nominal =
        nominal_price(question.compiled, question.task, question.payload_bytes).value_or(0);
    fr_policy_context_t context = unhindered(question);
    Sums sums;
    for (const WhatIfContext& recorded : contexts) {
        context.fields[FR_FIELD_CONFIDENCE] = recorded.confidence_q8;
        context.fields[FR_FIELD_CLASS] = recorded.local_class;
        context.fields[FR_FIELD_PRICE] = recorded.price_q8;
        context.fields[FR_FIELD_LOAD] = recorded.load_q8;
        fr_policy_answer_t answer{};
        fr_policy_evaluate(question.compiled.data(), question.compiled.size(), &context, &answer);
        const double chance = chance_of(answer, audit);
        const double price = answer.price > 0 ? answer.price / kWholeQ8 : nominal;
        const double mean = expected[place++ % 2][bin_of(recorded.confidence_q8)];
        double value = chance * (price - mean);
        if (recorded.is_sent && recorded.propensity_q8 > 0) {
            const double gain = static_cast<double>(recorded.gain);
            value -= chance * kWholeQ8 / recorded.propensity_q8 * (gain - mean);
            sums.recorded += price - gain;
            ++result.sent;
        }
        sums.value += value;
        sums.squares += value * value;
        sums.chances += chance;
    }
    const double tasks = static_cast<double>(contexts.size());
    result.tasks = contexts.size();
    result.escalated_share = sums.chances / tasks;
    result.recorded_share = static_cast<double>(result.sent) / tasks;
    result.cost_per_task = sums.value / tasks;
    result.recorded_cost_per_task = sums.recorded / tasks;
    const double variance =
        std::max(0.0, sums.squares / tasks - result.cost_per_task * result.cost_per_task);
    result.cost_half_interval = kTwoSided95 * std::sqrt(variance / tasks);
    return result;
}

}  // namespace frugal::policy
