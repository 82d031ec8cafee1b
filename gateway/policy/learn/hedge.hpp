// SPDX-License-Identifier: Apache-2.0
// The certified mode: exponential weights over 33 thresholds with only-escalated feedback. Its
// regret against the best threshold is bounded for any stream: 3 (b/2)^(1/3) n^(2/3) (ln 33)^(1/3)
// with cost b over n tasks. Owned by one thread. A device plays the threshold drawn
// at each push and audits with the mixing share, so a task's chance is the one the bound needs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/rng.hpp"
#include "policy/learn/gain_table.hpp"

namespace frugal::policy {

class Hedge {
public:
    static constexpr std::size_t kExperts = kBins + 1;

    /// cost of an escalation in wrong answers, above 0; tasks the bound is for.
    Hedge(double cost, double horizon_tasks);

    /// Every task counts, sent or not: `loss` is that of the local answer, 0..1, if it was sent.
    void observe(std::size_t bin, std::optional<double> loss);

    /// Chance that a task of this bin is sent, exploration included.
    double chance(std::size_t bin) const;

    /// A threshold drawn by weight: the number of bins, from the least certain, that it sends.
    std::size_t draw(base::Rng& rng) const;

    /// Makes the observed losses count; before, chances and draws are those of the last push.
    void end_window();

    /// The losses, in 4 bytes for each expert, and back; false for bytes that are none.
    base::Bytes save() const;
    bool restore(base::ByteView state);

    double exploration() const { return exploration_; }
    double regret_bound() const;

private:
    double cost_;
    double horizon_;
    double rate_;         ///< eta
    double exploration_;  ///< epsilon
    std::array<double, kExperts> losses_{};
    std::array<double, kExperts> weights_{};
};

/// Table of a threshold: everything or nothing.
TableBytes threshold_table(std::size_t bins_sent);

}  // namespace frugal::policy
