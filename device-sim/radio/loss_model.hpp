// SPDX-License-Identifier: Apache-2.0
// Bursty loss of messages: the two-state channel of Gilbert (1960) and Elliott (1963). One for each
// device and direction; the caller's chance. Plain value.
#pragma once

#include "device-sim/support/random.hpp"

namespace frugal::swarm {

struct LossParameters {
    double good_to_bad = 0.0;  ///< per message
    double bad_to_good = 1.0;
    double loss_good = 0.0;
    double loss_bad = 0.0;

    /// Share of messages lost in the long run.
    double mean_loss() const {
        const double total = good_to_bad + bad_to_good;
        const double bad_share = total > 0 ? good_to_bad / total : 0;
        return loss_bad * bad_share + loss_good * (1 - bad_share);
    }
};

class LossModel {
public:
    explicit LossModel(const LossParameters& parameters) : parameters_(parameters) {}

    /// Whether the next message is lost.
    bool loses(Random& random) {
        const double leave = is_bad_ ? parameters_.bad_to_good : parameters_.good_to_bad;
        is_bad_ = random.chance(leave) ? !is_bad_ : is_bad_;
        return random.chance(is_bad_ ? parameters_.loss_bad : parameters_.loss_good);
    }

private:
    LossParameters parameters_;
    bool is_bad_ = false;
};

}  // namespace frugal::swarm
