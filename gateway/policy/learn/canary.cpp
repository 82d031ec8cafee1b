// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/canary.hpp"

#include <algorithm>
#include <cmath>

namespace frugal::policy {

namespace {

constexpr int kTemperatureSteps = 81;
constexpr double kPriorWeight = 2;  // of Chow's rule, as IsoGain has it
constexpr int kFitRounds = 30;
constexpr double kLeastChance = 1.0 / 512;  // half of what a q8 output can tell from nothing

struct Chances {
    double top;
    double local;
    double other;  ///< of each class that neither model answered
};

Chances tempered(const Answers& answers, double temperature, std::uint32_t classes) {
    const bool agree = answers.local_class == answers.edge_class;
    const double named = agree ? 1 : 2;
    const double others = std::max(0.0, static_cast<double>(classes) - named);
    const EdgeOpinion& opinion = *answers.opinion;
    const double rest = 1 - opinion.top - (agree ? 0 : opinion.local);
    const auto heat = [temperature](double chance) {
        return std::pow(std::max(chance, kLeastChance), 1 / temperature);
    };
    const double top = heat(opinion.top);
    const double local = agree ? top : heat(opinion.local);
    const double other = others > 0 ? heat(rest / others) : 0;
    const double sum = top + (agree ? 0 : local) + others * other;
    return {top / sum, local / sum, other / sum};
}

double chance_of_truth(const CanarySample& sample, double temperature, std::uint32_t classes) {
    const Chances chances = tempered(sample.answers, temperature, classes);
    if (sample.true_class == sample.answers.edge_class) {
        return chances.top;
    }
    return sample.true_class == sample.answers.local_class ? chances.local : chances.other;
}

double best_temperature(std::span<const CanarySample> canary, std::uint32_t classes) {
    double best = 1;
    double least = INFINITY;
    for (int step = 0; step < kTemperatureSteps; ++step) {
        const double temperature = std::exp(-2 + 4.0 * step / (kTemperatureSteps - 1));
        double loss = 0;
        for (const CanarySample& sample : canary) {
            loss -= std::log(std::max(chance_of_truth(sample, temperature, classes), 1e-12));
        }
        if (loss < least) {
            least = loss;
            best = temperature;
        }
    }
    return best;
}

double true_gain(const CanarySample& sample) {
    return (sample.answers.edge_class == sample.true_class ? 1 : 0) -
           (sample.answers.local_class == sample.true_class ? 1 : 0);
}

}  // namespace

double gain_signal(const Answers& answers, double temperature, std::uint32_t classes) {
    if (answers.local_class == answers.edge_class) {
        return 0;
    }
    if (answers.finished_signal) {
        return *answers.finished_signal;
    }
    if (!answers.opinion) {
        return 1;
    }
    const Chances chances = tempered(answers, temperature, classes);
    return chances.top - chances.local;
}

Registration without_classes(const Registration& registered, std::span<const CanarySample> canary) {
    Registration pooled = registered;
    pooled.counts = pooled.gains = {};
    pooled.classes = {};
    for (const CanarySample& sample : canary) {
        const std::size_t bin = bin_of(sample.answers.confidence_q8);
        pooled.counts[bin] += 1;
        pooled.gains[bin] += true_gain(sample);
    }
    return pooled;
}

Registration register_pair(std::span<const CanarySample> canary, std::uint32_t classes) {
    Registration found;
    if (canary.empty()) {
        return found;
    }
    const auto all = [canary](auto has) { return std::all_of(canary.begin(), canary.end(), has); };
    found.has_signals = all([](const CanarySample& one) {
        return one.answers.opinion.has_value() || one.answers.finished_signal.has_value();
    });
    if (all([](const CanarySample& one) { return one.answers.opinion.has_value(); })) {
        found.temperature = best_temperature(canary, classes);
    }
    GainEvidence evidence(classes);
    ClassFactors::Values tasks{};
    double gain_sum = 0;
    double signal_sum = 0;
    for (const CanarySample& sample : canary) {
        Answers answers = sample.answers;
        if (!found.has_signals) {
            answers.opinion.reset();
            answers.finished_signal.reset();
        }
        const double gain = true_gain(sample);
        gain_sum += gain;
        signal_sum += gain_signal(answers, found.temperature, classes);
        evidence.add(bin_of(answers.confidence_q8), answers.local_class, gain);
        tasks[answers.local_class % tasks.size()] += 1;
    }
    evidence.fit(kPriorWeight, tasks, kFitRounds);
    const BinSums sums = evidence.flat();
    found.counts = sums.counts;
    found.gains = sums.gains;
    found.classes = evidence.factors();
    found.samples = static_cast<double>(canary.size());
    found.rho = (gain_sum + kRhoPrior) / (signal_sum + kRhoPrior);
    return found;
}

}  // namespace frugal::policy
