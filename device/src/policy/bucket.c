// SPDX-License-Identifier: Apache-2.0
// The token bucket of the device, and of the gateway that predicts it.
#include "frugal/policy_bucket.h"

#define HOUR_MS 3600000u

/// Burst and refill together never exceed the cap in any hour: the first of the refill comes after
/// an interval. A burst of a twentieth lets a task that always asks use at least 95 % of its cap.
typedef struct {
    uint64_t interval_ms;
    uint64_t burst;
} bucket_t;

static bucket_t bucket_of(uint32_t cap_per_hour) {
    const uint32_t burst = cap_per_hour / 20u != 0 ? cap_per_hour / 20u : 1u;
    const bucket_t bucket = {HOUR_MS / (cap_per_hour - burst + 1u) + 1u, burst};
    return bucket;
}

uint32_t fr_policy_tokens(uint64_t spent_ms, uint64_t now_ms, uint32_t cap_per_hour) {
    if (cap_per_hour == 0) {
        return INT16_MAX;
    }
    const bucket_t bucket = bucket_of(cap_per_hour);
    const uint64_t tokens = (now_ms - spent_ms) / bucket.interval_ms;
    return (uint32_t)(tokens < bucket.burst ? tokens : bucket.burst);
}

uint64_t fr_policy_spend(uint64_t spent_ms, uint64_t now_ms, uint32_t cap_per_hour) {
    if (cap_per_hour == 0) {
        return spent_ms;
    }
    const bucket_t bucket = bucket_of(cap_per_hour);
    const uint64_t full = bucket.burst * bucket.interval_ms;
    if (now_ms - spent_ms > full) {
        spent_ms = now_ms - full;
    }
    return spent_ms + bucket.interval_ms;
}
