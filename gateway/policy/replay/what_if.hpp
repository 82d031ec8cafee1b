// SPDX-License-Identifier: Apache-2.0
// What a policy would have done with recorded decisions: the same evaluator, compiled natively, on
// contexts and answered escalations, never on inputs. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "policy/learn/gain_table.hpp"

namespace frugal::policy {

/// One recorded task instance.
struct WhatIfContext {
    std::uint8_t confidence_q8 = 0;  ///< of the device's own answer
    std::uint8_t local_class = 0;
    std::uint8_t price_q8 = 0;  ///< of the gateway at that time
    std::uint8_t load_q8 = 0;
    bool is_sent = false;
    std::uint16_t propensity_q8 = 0;  ///< chance with which it was sent; of sent ones above 0
    float signal = 0;          ///< of sent ones, gain_signal(): rho times it is the gain; 0: agreed
    std::uint32_t block = 0;   ///< tasks that may be alike share one; small numbers
    std::uint32_t device = 0;  ///< each has a token bucket; small numbers
    std::int64_t at_ms = 0;    ///< of the device's decision
};

struct WhatIfQuestion {
    base::ByteView compiled;
    std::uint32_t task = 0;
    std::uint32_t payload_bytes = 0;
    double rho = 1;                    ///< true gain for each unit of signal, see Registration
    double rho_samples = 0;            ///< labelled samples that say so
    std::uint32_t share_permille = 0;  ///< of all decisions that may escalate; 0: no limit
};

struct WhatIfAnswer {
    std::uint64_t tasks = 0;
    std::uint64_t sent = 0;         ///< really escalated
    double escalated_share = 0;     ///< by the candidate, audits included
    double recorded_share = 0;      ///< really
    double cost_per_task = 0;       ///< beside keeping everything local, in wrong answers
    double cost_half_interval = 0;  ///< of 95 %
    /// Of what was really done, the same way: at the candidate's prices, whatever its cap, share or
    /// pin.
    double recorded_cost_per_task = 0;
    double rho_half_interval = 0;  ///< of 95 %
};

/// Doubly robust (Dudik, Langford, Li 2011): mean of pi (price - g') - [sent] (pi / p) (g - g'),
/// with pi the candidate's chance to send, p the recorded one, g' the mean gain of the bin. Devices
/// are taken as unhindered: link up, battery full, 16 ms to the gateway. `contexts` are in the
/// order of their time: each device spends the tokens of the candidate's cap as it really would,
/// from an empty bucket at the oldest one's time on, so no hour holds more than the cap. A share is
/// kept by price as the gateway keeps it, all devices taken as one group.
///
/// The interval holds three errors, independent of each other:
/// - of the tasks that happened to come: variance of the sums of blocks (Carlstein, Annals of
///   Statistics 14, 1986), with Student's quantile; of single tasks below 8 blocks, and never less;
/// - of rho, a ratio of the canary's sums: (n r + 3) / (n s + 3)^2 by Cochran, Sampling Techniques,
///   1977, theorem 2.5, with s the mean signal and r the mean squared residual of a task, and the
///   3 of register_pair() as three samples. The canary is not kept: both are weighted means of what
///   was recorded, and a disagreement's squared gain is taken as its most, 1;
/// - of answers, which are right or wrong where a gain is a chance: at most 1 - g^2 for each sent.
WhatIfAnswer what_if(const WhatIfQuestion& question, std::span<const WhatIfContext> contexts);

/// Mean gain of each bin from what was sent, weighted against its propensity; non-increasing, and
/// Chow's where nothing is known. Of every second block, from `fold` (0 or 1) on: no task is
/// judged by a mean it is part of, which would make the interval too narrow.
BinValues mean_gains(std::span<const WhatIfContext> contexts, double rho, std::size_t fold);

}  // namespace frugal::policy
