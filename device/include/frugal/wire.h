// SPDX-License-Identifier: Apache-2.0
// The device's end of the wire contract (proto/README.md): topics, encoders of the messages that go
// up, decoders of those that come down and of the manifest. Pure functions on the caller's memory,
// any thread. Decoders copy nothing: byte fields are views into the payload.
//
// Why not the generated nanopb structs: a Desired of bounded size takes 3 KB of RAM there, more
// than a small device has, and only a reader of our own can reject what is not canonical (fields
// out of order or twice, overlong varints, unknown fields, defaults spelled out). The bounds are
// those of the .options files; tests compare every message with nanopb and with C++ protobuf.
#ifndef FRUGAL_WIRE_H
#define FRUGAL_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frugal/limits.h"
#include "frugal/message.h"
#include "frugal/status.h"

#ifdef __cplusplus
extern "C" {
#endif

// Topics.

/// Whether a zero-terminated id is [a-z0-9-]{1,64}.
bool fr_id_is_valid(const char* id);

/// frugal/v1/{site}/{device}/up/{kind}, zero-terminated.
/// @return its length; 0 for an invalid id or kind or if `capacity` is too small.
size_t fr_topic_up(char* topic, size_t capacity, const char* site, const char* device,
                   fr_up_kind_t kind);

/// frugal/v1/{site}/{device}/down/{kind}; `kind` FR_DOWN_KINDS makes the subscription .../down/+.
size_t fr_topic_down(char* topic, size_t capacity, const char* site, const char* device,
                     fr_down_kind_t kind);

/// frugal/v1/{site}/all/chunk/{artifact in hex}.
size_t fr_topic_shared_chunk(char* topic, size_t capacity, const char* site,
                             const uint8_t artifact[FR_SHA256_SIZE]);

/// Which message arrived: recognizes this device's down topics and the site's shared chunk topics.
/// @return FR_OK; FR_ERROR_NOT_FOUND for any other topic.
FR_MUST_USE fr_status_t fr_topic_parse_down(const char* topic, size_t size, const char* site,
                                            const char* device, fr_down_kind_t* kind);

// Up.

/// Bytes of the payload of one message, or of a byte field.
typedef struct {
    const uint8_t* bytes;
    uint32_t size;
} fr_view_t;

typedef struct {
    const char* device_class;
    uint32_t runtime_abi;
    uint32_t arena_bytes;
    uint32_t slot_bytes;
    uint32_t staging_bytes;
    uint32_t block_bytes;
    uint32_t decoder_ram_bytes;
    uint32_t decoder_profiles;
    const uint32_t* operators;
    uint32_t operator_count;
    uint32_t features_bytes_max;
    uint32_t slots;        ///< of each task
    uint32_t reach_bytes;  ///< one slot: how far behind its output a delta may read its base
} fr_capability_t;

typedef struct {
    uint32_t task;
    uint32_t release;
    fr_view_t model_digest;
    fr_phase_t phase;
    fr_reason_t reason;
    uint32_t policy;
    uint32_t burned_counter;
    fr_view_t other_digest;
    uint32_t state_bytes;
    uint32_t input_bytes;
    uint32_t output_classes;
    uint32_t policy_floor;  ///< highest policy id accepted
} fr_task_report_t;

typedef struct {
    const char* device;
    uint64_t stream;
    uint32_t boot_epoch;
    uint64_t next_sequence;
    uint64_t oldest_sequence;
    uint64_t fencing_epoch;
    uint32_t desired_version;
    fr_capability_t capability;
    fr_task_report_t tasks[FR_TASKS_MAX];
    uint32_t task_count;
    fr_view_t resume_artifact;  ///< empty: no unfinished transfer
    uint32_t resume_blocks_held;
} fr_hello_t;

typedef struct {
    uint64_t stream;
    uint32_t boot_epoch;
    uint64_t first_sequence;
    uint32_t task;
    uint32_t release;
    uint32_t count;  ///< 1..FR_DECISION_BATCH_MAX
    uint32_t ticks[FR_DECISION_BATCH_MAX];
    uint8_t classes[FR_DECISION_BATCH_MAX];
    uint8_t doubts[FR_DECISION_BATCH_MAX];
    uint8_t outcomes[FR_DECISION_BATCH_MAX];
    uint32_t energy_uj;
    bool has_dropped;
    uint64_t dropped_from;
} fr_batch_t;

typedef struct {
    fr_view_t artifact;
    uint32_t base_block;
    uint64_t missing;
    uint32_t credit;
} fr_fetch_t;

typedef struct {
    uint32_t task;
    uint32_t desired_version;
    uint32_t release;
    fr_phase_t phase;
    fr_reason_t reason;
    uint32_t attempt;
    uint32_t blocks_held;
    uint32_t detail;
} fr_report_t;

typedef struct {
    uint64_t stream;
    uint64_t sequence;
    uint32_t task;
    uint32_t deadline_ms;
    uint32_t release;
    uint32_t local_class;
    uint32_t local_confidence_q8;
    fr_policy_reason_t policy_reason;
    bool may_go_on;  ///< the policy's answer was FR_TIER_CLOUD: it may leave the site
    fr_view_t features;
} fr_escalate_t;

typedef struct {
    uint32_t task;
    uint32_t policy;                 ///< id of the policy in force; 0 for none
    uint32_t shadow;                 ///< id of the policy evaluated beside it; 0 for none
    const uint16_t* shadow_reasons;  ///< FR_POLICY_REASONS counts, if there is one
    uint32_t shadow_differs;
} fr_task_health_t;

typedef struct {
    uint64_t stream;
    uint32_t boot_epoch;
    uint32_t uptime_ticks;
    uint32_t battery_half_percent;
    uint32_t resets;
    uint32_t dropped;
    uint64_t energy_uj;
    uint64_t energy_avoided_uj;
    uint64_t raw_bytes_avoided;
    uint32_t inferences;
    uint32_t escalations;
    uint32_t late_verdicts;
    uint32_t busy_verdicts;
    const uint32_t* policy_reasons;  ///< FR_POLICY_REASONS counts
    const uint64_t* use_uj;          ///< FR_USES sums, by fr_use_t
    const uint64_t* use_bytes;       ///< FR_USES sums, by fr_use_t
    uint64_t raw_uj;
    uint64_t raw_bytes;
    const fr_task_health_t* tasks;
    uint32_t task_count;
    fr_view_t recent;  ///< the last answers of the policy, FR_RECENT_VERDICT_BYTES each
} fr_health_t;

typedef struct {
    uint64_t stream;
    uint32_t next_wake_s;
    bool unexpected;
} fr_bye_t;

/// Encoders: the canonical bytes of a message. @return their number, or 0 if `capacity` is too
/// small.
size_t fr_hello_encode(const fr_hello_t* hello, uint8_t* payload, size_t capacity);
size_t fr_batch_encode(const fr_batch_t* batch, uint8_t* payload, size_t capacity);
size_t fr_fetch_encode(const fr_fetch_t* fetch, uint8_t* payload, size_t capacity);
size_t fr_report_encode(const fr_report_t* report, uint8_t* payload, size_t capacity);
size_t fr_escalate_encode(const fr_escalate_t* escalate, uint8_t* payload, size_t capacity);
size_t fr_health_encode(const fr_health_t* health, uint8_t* payload, size_t capacity);
size_t fr_bye_encode(const fr_bye_t* bye, uint8_t* payload, size_t capacity);

/// Bytes fr_escalate_encode() may need besides the features.
#define FR_ESCALATE_OVERHEAD 64u

// Down.

/// Signed bytes as they came: nothing in here may be believed before its signature was verified.
typedef struct {
    fr_view_t content;
    fr_view_t signature;  ///< 64 bytes, or empty if the whole blob is absent
    uint32_t key_id;
} fr_signed_t;

typedef struct {
    fr_view_t digest;  ///< 32 bytes, or empty if the offer is absent
    uint32_t size_bytes;
    uint32_t block_bytes;
    fr_view_t list_digest;
    fr_view_t base_digest;  ///< empty for a full artifact
    uint32_t decoder_profile;
    uint32_t decoder_ram_bytes;
    uint32_t base_lag_bytes;  ///< how far behind its output a delta reads its base
} fr_artifact_offer_t;

typedef struct {
    uint32_t task;
    fr_signed_t manifest;
    fr_artifact_offer_t artifact;
    fr_signed_t policy;
    uint32_t minimum_battery_half_percent;
    uint32_t not_before_ticks;
    fr_signed_t shadow;
} fr_task_desired_t;

typedef struct {
    uint64_t fencing_epoch;
    uint32_t version;
    uint32_t task_count;
    fr_task_desired_t tasks[FR_TASKS_MAX];
} fr_desired_t;

typedef struct {
    fr_view_t artifact;
    uint32_t block;
    fr_view_t content;
} fr_chunk_t;

/// What an escalation of one task costs, q8.
typedef struct {
    uint32_t task;
    uint32_t price;
} fr_task_price_t;

typedef struct {
    uint64_t stream;
    uint64_t next_sequence;
    uint64_t fencing_epoch;
    uint32_t price;  ///< of every task not in `dearer`
    uint32_t load;
    uint32_t credit;
    fr_task_price_t dearer[FR_TASKS_MAX];  ///< by ascending task
    uint32_t dearer_count;
} fr_ack_t;

typedef struct {
    uint64_t stream;
    uint64_t sequence;
    fr_verdict_status_t status;
    uint32_t class_id;
    uint32_t confidence_q8;
    fr_tier_t tier;
    uint32_t price;
    uint32_t load;
    uint32_t retry_after_ms;
    uint32_t edge_model;
} fr_verdict_t;

/// The signed statement about a release; views lead into the decoded bytes.
typedef struct {
    fr_view_t model;  ///< id, not zero-terminated
    uint32_t release;
    uint32_t counter;
    uint32_t task;
    fr_view_t device_class;  ///< id or "any"
    uint32_t runtime_abi;
    fr_view_t model_digest;
    uint32_t model_bytes;
    uint32_t arena_bytes;
    uint32_t operators[FR_OPERATORS_MAX];
    uint32_t operator_count;
    uint32_t input_bytes;
    uint32_t output_classes;
    struct {
        uint32_t seed;
        fr_view_t output_digest;  ///< 16 bytes
    } self_tests[FR_SELF_TESTS_MAX];
    uint32_t self_test_count;
    uint32_t state_bytes;
} fr_manifest_t;

/// Decoders: strict. @return FR_OK; FR_ERROR_TRUNCATED, FR_ERROR_MALFORMED or FR_ERROR_LIMIT: then
/// the result must not be used. Anything not canonical, unknown or out of range is malformed.
FR_MUST_USE fr_status_t fr_desired_decode(fr_desired_t* desired, const uint8_t* payload,
                                          size_t size);
FR_MUST_USE fr_status_t fr_chunk_decode(fr_chunk_t* chunk, const uint8_t* payload, size_t size);
FR_MUST_USE fr_status_t fr_ack_decode(fr_ack_t* ack, const uint8_t* payload, size_t size);
FR_MUST_USE fr_status_t fr_verdict_decode(fr_verdict_t* verdict, const uint8_t* payload,
                                          size_t size);
FR_MUST_USE fr_status_t fr_probe_decode(fr_probe_kind_t* kind, const uint8_t* payload, size_t size);
FR_MUST_USE fr_status_t fr_manifest_decode(fr_manifest_t* manifest, const uint8_t* bytes,
                                           size_t size);

#ifdef __cplusplus
}
#endif

#endif
