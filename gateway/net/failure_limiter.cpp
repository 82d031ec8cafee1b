// SPDX-License-Identifier: Apache-2.0
#include "net/failure_limiter.hpp"

#include <algorithm>
#include <cmath>

namespace frugal::net {

namespace {

double seconds(base::Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

}  // namespace

FailureLimiter::FailureLimiter(FailureLimits limits)
    : limits_(limits), total_{limits.total_burst, {}} {}

bool FailureLimiter::record(std::string_view address, base::Instant now) {
    auto found = buckets_.find(address);
    if (found == buckets_.end()) {
        make_room(now);
        found = buckets_.emplace(std::string(address), Bucket{limits_.burst, now}).first;
    }
    Bucket& bucket = found->second;
    refill(bucket, limits_.burst, limits_.per_second, now);
    refill(total_, limits_.total_burst, limits_.total_per_second, now);
    const bool is_over = bucket.tokens < 1 || total_.tokens < 1;
    bucket.tokens = std::max(0.0, bucket.tokens - 1);
    total_.tokens = std::max(0.0, total_.tokens - 1);
    return is_over;
}

int FailureLimiter::retry_after_s(std::string_view address, base::Instant now) const {
    const auto found = buckets_.find(address);
    if (found == buckets_.end()) {
        return 1;
    }
    Bucket bucket = found->second;
    refill(bucket, limits_.burst, limits_.per_second, now);
    return std::max(1, static_cast<int>(std::ceil((1 - bucket.tokens) / limits_.per_second)));
}

void FailureLimiter::refill(Bucket& bucket, double burst, double per_second,
                            base::Instant now) const {
    bucket.tokens = std::min(burst, bucket.tokens + seconds(now - bucket.refilled) * per_second);
    bucket.refilled = now;
}

/// Forgets who has been quiet long enough; if nobody was, the one with the fewest failures.
void FailureLimiter::make_room(base::Instant now) {
    if (buckets_.size() < limits_.addresses_max) {
        return;
    }
    std::erase_if(buckets_, [&](const auto& entry) {
        Bucket bucket = entry.second;
        refill(bucket, limits_.burst, limits_.per_second, now);
        return bucket.tokens >= limits_.burst;
    });
    if (buckets_.size() >= limits_.addresses_max) {
        buckets_.erase(std::max_element(buckets_.begin(), buckets_.end(),
                                        [](const auto& left, const auto& right) {
                                            return left.second.tokens < right.second.tokens;
                                        }));
    }
}

}  // namespace frugal::net
