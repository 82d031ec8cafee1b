// SPDX-License-Identifier: Apache-2.0
// Counts failed logins per address and in all, so that guessing becomes slow. Owned by the HTTP
// server, loop thread only; time is an argument. Never refuses a caller whose credentials are
// right: it only decides whether a failure is answered with 401 or with 429.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace frugal::net {

struct FailureLimits {
    double burst = 10;        ///< failures of one address before it is slowed down
    double per_second = 0.2;  ///< failures of one address allowed again per second
    double total_burst = 200;
    double total_per_second = 5;
    std::size_t addresses_max = 1024;
};

class FailureLimiter {
public:
    explicit FailureLimiter(FailureLimits limits = {});

    /// Records one failure; true if this address, or everybody together, is over the limit.
    bool record(std::string_view address, base::Instant now);

    /// Whole seconds after which the address may fail again; at least 1.
    int retry_after_s(std::string_view address, base::Instant now) const;

private:
    struct Bucket {
        double tokens;
        base::Instant refilled;
    };
    void refill(Bucket& bucket, double burst, double per_second, base::Instant now) const;
    void make_room(base::Instant now);

    FailureLimits limits_;
    Bucket total_;
    std::map<std::string, Bucket, std::less<>> buckets_;
};

}  // namespace frugal::net
