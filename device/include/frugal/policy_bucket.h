// SPDX-License-Identifier: Apache-2.0
// The token bucket that backs the hourly cap of a policy's task: no hour holds more escalations
// than the cap. The gateway predicts with this very source. Pure functions, any thread.
#ifndef FRUGAL_POLICY_BUCKET_H
#define FRUGAL_POLICY_BUCKET_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Escalations that the cap allows now, for FR_FIELD_TOKENS; INT16_MAX without a cap (0).
/// `spent_ms` is the bucket: the time up to which it is spent, at most `now_ms`; that itself for an
/// empty one.
uint32_t fr_policy_tokens(uint64_t spent_ms, uint64_t now_ms, uint32_t cap_per_hour);

/// The bucket after one more escalation, which fr_policy_tokens() must have allowed.
uint64_t fr_policy_spend(uint64_t spent_ms, uint64_t now_ms, uint32_t cap_per_hour);

#ifdef __cplusplus
}
#endif

#endif
