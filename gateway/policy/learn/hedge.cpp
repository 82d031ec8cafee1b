// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/hedge.hpp"

#include <algorithm>
#include <cmath>

#include "policy/learn/state_bytes.hpp"

namespace frugal::policy {

namespace {

const double kLogExperts = std::log(static_cast<double>(Hedge::kExperts));

}  // namespace

Hedge::Hedge(double cost, double horizon_tasks)
    : cost_(cost),
      horizon_(horizon_tasks),
      rate_(std::cbrt(2 * kLogExperts * kLogExperts / (cost * horizon_tasks * horizon_tasks))),
      exploration_(std::min(1.0, std::sqrt(rate_ / (2 * cost)))) {
    end_window();
}

double Hedge::regret_bound() const {
    return 3 * std::cbrt(cost_ / 2) * std::pow(horizon_, 2.0 / 3) * std::cbrt(kLogExperts);
}

double Hedge::chance(std::size_t bin) const {
    double sends = 0;
    for (std::size_t expert = bin + 1; expert < kExperts; ++expert) {
        sends += weights_[expert];
    }
    return sends + exploration_ * (1 - sends);
}

void Hedge::observe(std::size_t bin, std::optional<double> loss) {
    const double estimate = loss ? std::clamp(*loss, 0.0, 1.0) / chance(bin) : 0;
    for (std::size_t expert = 0; expert < kExperts; ++expert) {
        losses_[expert] += expert > bin ? cost_ : estimate;
    }
}

void Hedge::end_window() {
    const double least = *std::min_element(losses_.begin(), losses_.end());
    double sum = 0;
    for (std::size_t expert = 0; expert < kExperts; ++expert) {
        weights_[expert] = std::exp(-rate_ * (losses_[expert] - least));
        sum += weights_[expert];
    }
    for (double& weight : weights_) {
        weight /= sum;
    }
}

std::size_t Hedge::draw(base::Rng& rng) const {
    double left = rng.uniform();
    for (std::size_t expert = 0; expert + 1 < kExperts; ++expert) {
        left -= weights_[expert];
        if (left < 0) {
            return expert;
        }
    }
    return kExperts - 1;
}

base::Bytes Hedge::save() const {
    StateWriter to;
    for (const double loss : losses_) {
        to.real(loss);
    }
    return to.take();
}

bool Hedge::restore(base::ByteView state) {
    StateReader from(state);
    std::array<double, kExperts> losses{};
    for (double& loss : losses) {
        loss = from.real();
    }
    if (!from.is_good() || !from.rest().empty()) {
        return false;
    }
    losses_ = losses;
    end_window();
    return true;
}

TableBytes threshold_table(std::size_t bins_sent) {
    TableBytes table{};
    std::fill_n(table.begin(), std::min(bins_sent, kBins), std::uint8_t{255});
    return table;
}

}  // namespace frugal::policy
