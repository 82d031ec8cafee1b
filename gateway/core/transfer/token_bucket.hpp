// SPDX-License-Identifier: Apache-2.0
// A rate limit in bytes per second with a burst. Integer arithmetic on the caller's clock; plain
// value, one owner.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.hpp"

namespace frugal::core {

class TokenBucket {
public:
    TokenBucket(std::uint64_t bytes_per_second, std::uint64_t burst_bytes)
        : rate_(std::max<std::uint64_t>(bytes_per_second, 1)),
          burst_us_(static_cast<std::int64_t>(burst_bytes * 1'000'000 / rate_)) {}

    /// True while the bucket is not overdrawn: what is taken may exceed what is there once.
    bool is_open(base::Instant now) const { return now.since_start.count() >= empty_until_us_; }

    void take(std::uint64_t bytes, base::Instant now) {
        const auto earliest = now.since_start.count() - burst_us_;
        empty_until_us_ = std::max(empty_until_us_, earliest) +
                          static_cast<std::int64_t>(bytes * 1'000'000 / rate_);
    }

    /// When is_open() is true again.
    base::Instant opens_at() const { return {base::Duration(empty_until_us_)}; }

private:
    std::uint64_t rate_;
    std::int64_t burst_us_;
    std::int64_t empty_until_us_ = INT64_MIN / 2;
};

}  // namespace frugal::core
