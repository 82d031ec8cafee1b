// SPDX-License-Identifier: Apache-2.0
// The offload policy in its compiled form, and the evaluator that device, gateway and simulator
// share bit for bit. Pure functions on the caller's memory, any thread: no float, no divide, no
// recursion, work linear in the policy's bytes. Total: any bytes give an answer, and bytes that are
// no policy give LOCAL with BADPOLICY. Layout, little-endian:
//
//   header 12 B  'F' 'P'  version 2  task count 1..4  guard count 0..16  0
//                policy id u32   expiry in hours u16 (0: never)
//   guard   4 B  field u8   operation u8   value i16            guard count times; true means LOCAL
//   task   16 B  task u8   groups u8   privacy u8   tier u8   deadline u16 in 8 ms (0: none)
//                weights u8 x 4 (payload, rtt, load, battery)   shift u8 0..31   audit u8 in 1/256
//                cap u8 in 8 escalations an hour (0: none)   map length u8
//                model u16: tag of the device model that the tables are for (0: any)
//        map     map length bytes, 2 bits for each class from the low end: its group
//        tables  32 B for each group: gain q8 by confidence q8 >> 3
//
// groups: bits 0-2 the number of tables 1..4; bit 7 (pins): map values 2 and 3 are no tables but
// "always to the edge" and "always local", then at most 2 tables. Without a map (length 0) every
// class belongs to group 0; with one, a class beyond it too.
//
// model: the evaluator does not look at it. Whoever holds a policy beside a model asks
// fr_policy_suits() first: a gain table says nothing of another model's confidence. Two bytes tell
// a mistake, not an attack: the signature and the rising id are against those.
#ifndef FRUGAL_POLICY_H
#define FRUGAL_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frugal/limits.h"
#include "frugal/message.h"
#include "frugal/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FR_POLICY_HEADER_BYTES 12u
#define FR_POLICY_GUARD_BYTES 4u
#define FR_POLICY_TASK_BYTES 16u
#define FR_POLICY_TABLE_BYTES 32u
#define FR_POLICY_ID_OFFSET 6u  ///< of the policy id in the header
#define FR_POLICY_ID_BYTES 4u
#define FR_POLICY_VERSION 2u
#define FR_POLICY_TASKS_MAX 4u
#define FR_POLICY_GUARDS_MAX 16u
#define FR_POLICY_GROUPS_MAX 4u
#define FR_POLICY_PINS 0x80u   ///< in a task's groups byte
#define FR_POLICY_PIN_EDGE 2u  ///< in a map with pins
#define FR_POLICY_PIN_LOCAL 3u
#define FR_POLICY_CAP_UNIT 8u  ///< escalations an hour for each unit of cap
#define FR_POLICY_DEADLINE_UNIT_MS 8u
#define FR_GUARD_FIELD_VALUE 0x80u  ///< in a guard's operation: the value names a field

/// What a policy may look at; all int16, clamped into range by whoever fills them in.
typedef enum {
    FR_FIELD_CONFIDENCE = 0,  ///< q8 of the local answer
    FR_FIELD_MARGIN = 1,      ///< q8 to the runner-up
    FR_FIELD_CLASS = 2,       ///< local class
    FR_FIELD_TASK = 3,
    FR_FIELD_PRIVACY = 4,        ///< 0 public, 1 edge only, 2 never
    FR_FIELD_BATTERY = 5,        ///< half percent, 0..200
    FR_FIELD_ENERGY_BUDGET = 6,  ///< 1/16 mJ left in the window
    FR_FIELD_RSSI = 7,           ///< dBm
    FR_FIELD_RTT = 8,            ///< ms
    FR_FIELD_LOAD = 9,           ///< q8 of the edge
    FR_FIELD_PRICE = 10,         ///< q8 of the edge
    FR_FIELD_PAYLOAD = 11,       ///< input bytes / 16
    FR_FIELD_TOKENS = 12,        ///< escalations the bucket still allows
    FR_FIELD_SLACK = 13,         ///< ms until the application needs the decision
    FR_FIELD_UPTIME = 14,        ///< hours
    FR_FIELD_MISFIRES = 15,      ///< consecutive failed sensor readings
    FR_FIELD_FREE_RAM = 16,      ///< in 64 bytes
    FR_FIELD_BUSY = 17,          ///< accelerator busy: 0 or 1
    FR_FIELD_POLICY_AGE = 18,    ///< hours since the policy was last told
    FR_FIELD_LINK = 19,          ///< 1 while the session is up
    FR_FIELDS = 20
} fr_policy_field_t;

typedef enum {
    FR_GUARD_LESS = 0,
    FR_GUARD_LESS_EQUAL = 1,
    FR_GUARD_GREATER = 2,
    FR_GUARD_GREATER_EQUAL = 3,
    FR_GUARD_EQUAL = 4,
    FR_GUARD_NOT_EQUAL = 5,
    FR_GUARD_OPERATIONS = 6
} fr_guard_operation_t;

typedef struct {
    int16_t fields[FR_FIELDS];
    uint32_t random;  ///< fresh random bits: the low 8 decide an audit
} fr_policy_context_t;

/// The answer and what led to it, for explanations.
typedef struct {
    uint32_t policy_id;    ///< 0 for no policy
    uint8_t tier;          ///< FR_TIER_LOCAL, or where to send it
    uint8_t reason;        ///< fr_policy_reason_t
    uint8_t guard;         ///< number of the guard that said local, with reason GUARD
    uint8_t gain;          ///< q8, if the evaluation came so far
    uint16_t price;        ///< q8, likewise
    uint16_t deadline_ms;  ///< the policy's own; 0 for none
} fr_policy_answer_t;

/// Answers one task instance. Order of the rules: privacy, expiry, guards, task, tier, deadline,
/// bucket, price, audit. `policy` may be NULL with size 0, or any bytes.
void fr_policy_evaluate(const uint8_t* policy, size_t size, const fr_policy_context_t* context,
                        fr_policy_answer_t* answer);

/// Checks all of a policy. @return FR_OK; FR_ERROR_TRUNCATED, MALFORMED, LIMIT or UNSUPPORTED.
FR_MUST_USE fr_status_t fr_policy_check(const uint8_t* policy, size_t size);

/// Id of a policy that passed the check, or of what claims to be one; 0 if too short.
uint32_t fr_policy_id(const uint8_t* policy, size_t size);

/// True if a policy that passed the check has rules for the task.
bool fr_policy_has_task(const uint8_t* policy, size_t size, uint32_t task);

/// The hourly cap of a task, in escalations; 0 for none or for a task the policy does not know.
uint32_t fr_policy_cap_per_hour(const uint8_t* policy, size_t size, uint32_t task);

/// What names a model in a policy: the first two bytes of its SHA-256, little-endian; never 0.
/// `digest` is FR_SHA256_SIZE bytes.
uint32_t fr_policy_model_tag(const uint8_t* digest);

/// The tag of the model that the task's tables are for; 0 for any model, for a task that the policy
/// does not know and for bytes that are no policy.
uint32_t fr_policy_model(const uint8_t* policy, size_t size, uint32_t task);

/// True if the task's tables are for the model with this tag, or for any.
bool fr_policy_suits(const uint8_t* policy, size_t size, uint32_t task, uint32_t model_tag);

// Building (used by the gateway and by tests; devices need not link it).

typedef struct {
    uint8_t field;      ///< fr_policy_field_t
    uint8_t operation;  ///< fr_guard_operation_t, FR_GUARD_FIELD_VALUE added if value is a field
    int16_t value;
} fr_guard_spec_t;

typedef struct {
    uint8_t task;
    uint8_t privacy;  ///< 0 public, 1 edge only, 2 never
    uint8_t tier;     ///< FR_TIER_LOCAL, FR_TIER_EDGE or FR_TIER_CLOUD
    bool has_pins;
    uint32_t deadline_ms;  ///< 0 for none; rounded up to 8 ms
    uint8_t weights[4];    ///< payload, rtt, load, battery
    uint8_t shift;
    uint8_t audit;           ///< in 1/256
    uint32_t cap_per_hour;   ///< 0 for none; rounded up to 8
    uint8_t group_count;     ///< 1..4, or 1..2 with pins
    uint16_t model;          ///< fr_policy_model_tag() of what the tables are for; 0: any
    const uint8_t* classes;  ///< group of each class, or a pin; NULL: all in group 0
    uint32_t class_count;
    uint8_t gains[FR_POLICY_GROUPS_MAX][FR_POLICY_TABLE_BYTES];
} fr_policy_task_spec_t;

typedef struct {
    uint32_t id;            ///< grows with every policy a device is given
    uint32_t expiry_hours;  ///< 0: never
    const fr_guard_spec_t* guards;
    uint32_t guard_count;
    const fr_policy_task_spec_t* tasks;
    uint32_t task_count;
} fr_policy_spec_t;

/// Writes the compiled form of a policy and checks it.
/// @return FR_OK; FR_ERROR_NO_SPACE; FR_ERROR_ARGUMENT or FR_ERROR_LIMIT for a value out of range.
FR_MUST_USE fr_status_t fr_policy_build(const fr_policy_spec_t* spec, uint8_t* policy,
                                        size_t capacity, size_t* size);

#ifdef __cplusplus
}
#endif

#endif
