// SPDX-License-Identifier: Apache-2.0
// Quantiles of recent durations in fixed memory: a histogram with four buckets an octave, halved
// when it is full, so that what was long ago fades. Plain value, one thread. Exact to a ninth.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.hpp"

namespace frugal::core {

class QuantileSketch {
public:
    /// memory: so many values weigh before all weights are halved; at least 2.
    explicit QuantileSketch(std::uint32_t memory) : memory_(memory) {}

    void add(base::Duration value);
    void clear();
    /// Halves the weight of everything so far.
    void fade();

    bool is_empty() const { return total_ == 0; }

    /// The middle of the bucket that holds the quantile; 0 if there are no values.
    base::Duration quantile(std::uint32_t permille) const;

private:
    static constexpr std::uint32_t kBuckets = 112;  ///< up to 2^29 us, nine minutes

    static std::uint32_t bucket_of(std::uint64_t microseconds);
    static std::uint64_t middle_of(std::uint32_t bucket);

    std::uint32_t memory_;
    std::uint32_t total_ = 0;
    std::array<std::uint16_t, kBuckets> counts_{};
};

}  // namespace frugal::core
