// SPDX-License-Identifier: Apache-2.0
// The closed enumerations of the wire (proto/frugal/v1/common.proto) as plain C, so that device
// code needs no generated header. Values equal the .proto files; a test compares them.
#ifndef FRUGAL_MESSAGE_H
#define FRUGAL_MESSAGE_H

#ifdef __cplusplus
extern "C" {
#endif

/// Device to gateway: topic frugal/v1/{site}/{device}/up/{kind}. Only hello travels QoS 1.
typedef enum {
    FR_UP_HELLO = 0,
    FR_UP_DECISIONS = 1,
    FR_UP_FETCH = 2,
    FR_UP_REPORT = 3,
    FR_UP_ESCALATE = 4,
    FR_UP_HEALTH = 5,
    FR_UP_BYE = 6,
    FR_UP_KINDS = 7
} fr_up_kind_t;

/// Gateway to device: topic frugal/v1/{site}/{device}/down/{kind}; the shared chunk is the same
/// message on frugal/v1/{site}/all/chunk/{artifact}.
typedef enum {
    FR_DOWN_DESIRED = 0,
    FR_DOWN_CHUNK = 1,
    FR_DOWN_ACK = 2,
    FR_DOWN_VERDICT = 3,
    FR_DOWN_PROBE = 4,
    FR_DOWN_SHARED_CHUNK = 5,
    FR_DOWN_KINDS = 6
} fr_down_kind_t;

/// What a device's energy and radio bytes go to. Everything else (sleep, sensors, setting up a
/// session) is FR_USE_OTHER: it would be there without Frugal too.
typedef enum {
    FR_USE_INFERENCE = 0,
    FR_USE_DECISIONS = 1,    ///< telling decisions, and what keeps that going: hello, health, acks
    FR_USE_UPDATES = 2,      ///< models and policies: their transfer and the flash they are put in
    FR_USE_ESCALATIONS = 3,  ///< inputs sent up and the verdicts on them
    FR_USE_OTHER = 4
} fr_use_t;
#define FR_USES 4u  ///< uses that are counted one by one

/// frugal.v1.Reason
typedef enum {
    FR_REASON_NONE = 0,
    FR_REASON_NO_SPACE = 1,
    FR_REASON_NO_SLOT = 2,
    FR_REASON_UNFIT_ARENA = 3,
    FR_REASON_UNFIT_OPS = 4,
    FR_REASON_UNFIT_IO = 5,
    FR_REASON_UNFIT_RUNTIME = 6,
    FR_REASON_BAD_SIGNATURE = 7,
    FR_REASON_BAD_DIGEST = 8,
    FR_REASON_BAD_BLOCK = 9,
    FR_REASON_DOWNGRADE = 10,
    FR_REASON_BASE_MISSING = 11,
    FR_REASON_BATTERY_LOW = 12,
    FR_REASON_WINDOW_CLOSED = 13,
    FR_REASON_LINK_POOR = 14,
    FR_REASON_SELF_TEST_FAILED = 15,
    FR_REASON_SHADOW_DISAGREES = 16,
    FR_REASON_PROBATION_FAILED = 17,
    FR_REASON_WATCHDOG = 18,
    FR_REASON_STORAGE_FAULT = 19,
    FR_REASON_TIMED_OUT = 20,
    FR_REASON_SUPERSEDED = 21,
    FR_REASON_ASLEEP = 22,
    FR_REASON_UNREACHABLE = 23,
    FR_REASON_QUARANTINED = 24,
    FR_REASON_UNFIT_ENERGY = 25
} fr_reason_t;

/// frugal.v1.UpdatePhase
typedef enum {
    FR_PHASE_UNSPECIFIED = 0,
    FR_PHASE_IDLE = 1,
    FR_PHASE_OFFERED = 2,
    FR_PHASE_REFUSED = 3,
    FR_PHASE_TRANSFER = 4,
    FR_PHASE_STAGED = 5,
    FR_PHASE_WAITING = 6,
    FR_PHASE_SELF_TEST = 7,
    FR_PHASE_SHADOW = 8,  ///< reserved: never entered
    FR_PHASE_PROBATION = 9,
    FR_PHASE_CONFIRMED = 10,
    FR_PHASE_REVERTED = 11,
    FR_PHASE_QUARANTINED = 12,
    FR_PHASES = 13
} fr_phase_t;

/// frugal.v1.Tier
typedef enum {
    FR_TIER_UNSPECIFIED = 0,
    FR_TIER_LOCAL = 1,
    FR_TIER_EDGE = 2,
    FR_TIER_CLOUD = 3
} fr_tier_t;

/// frugal.v1.PolicyReason
typedef enum {
    FR_POLICY_UNSPECIFIED = 0,
    FR_POLICY_LOCAL_CONF = 1,
    FR_POLICY_PRIVATE = 2,
    FR_POLICY_GUARD = 3,
    FR_POLICY_NOLINK = 4,
    FR_POLICY_DEADLINE = 5,
    FR_POLICY_BUDGET = 6,
    FR_POLICY_EXPIRED = 7,
    FR_POLICY_BADPOLICY = 8,  ///< no policy, one that does not parse, or one for another model
    FR_POLICY_CLASS_RULE = 9,
    FR_POLICY_ESC_GAIN = 10,
    FR_POLICY_AUDIT = 11,
    FR_POLICY_ESC_RULE = 12,
    FR_POLICY_BUSY_RETRY = 13,
    FR_POLICY_LATE = 14,
    FR_POLICY_SHADOW = 15,
    FR_POLICY_REASONS = 16
} fr_policy_reason_t;

/// frugal.v1.VerdictStatus
typedef enum {
    FR_VERDICT_UNSPECIFIED = 0,
    FR_VERDICT_ANSWERED = 1,
    FR_VERDICT_BUSY = 2,
    FR_VERDICT_REFUSED = 3
} fr_verdict_status_t;

/// frugal.v1.ProbeKind
typedef enum { FR_PROBE_UNSPECIFIED = 0, FR_PROBE_HELLO = 1, FR_PROBE_HEALTH = 2 } fr_probe_kind_t;

#ifdef __cplusplus
}
#endif

#endif
