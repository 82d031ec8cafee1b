// SPDX-License-Identifier: Apache-2.0
// The members of fr_node_t. Included by node.h so that applications can allocate a node; nothing in
// here is part of the interface and all of it may change.
#ifndef FRUGAL_NODE_STATE_H
#define FRUGAL_NODE_STATE_H

#include "frugal/node.h"
#include "frugal/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/// What one task keeps across boots.
typedef struct {
    int8_t active;          // slot that runs, -1 for none
    int8_t confirmed;       // slot that was confirmed last, -1 for none
    uint8_t phase;          // fr_phase_t: only resting phases and PROBATION are stored
    uint8_t reason;         // fr_reason_t
    uint8_t verified;       // bit s: slot s holds a verified model
    uint8_t failures;       // of the release failed_counter
    uint8_t boot_attempts;  // boots in this probation, or in work that was cut; faults of the flash
                            // in it
    uint8_t is_rewriting;   // one slot: it is being overwritten with the offer in work
    uint8_t is_superseded;  // one slot: an unconfirmed model runs on until that begins
    uint8_t is_testing;     // the model in the slot to flip to is about to run
    uint32_t burned_counter;
    uint32_t burned_tag;  // first bytes of the digest burned with it
    uint32_t failed_counter;
    uint32_t policy_floor;  // highest policy id accepted
} fr_task_state_t;

/// What the node keeps across boots: the STATE record.
typedef struct {
    uint64_t stream;
    uint64_t fencing_epoch;
    uint32_t boot_epoch;
    uint32_t desired_version;
    fr_task_state_t tasks[FR_TASKS_MAX];
} fr_persistent_t;

/// A model in a slot: a .tflite, or a Bonsai tree, told by its first bytes.
typedef struct {
    union {
        fr_model_t tflite;
        fr_bonsai_t bonsai;
    } as;
    uint32_t work;  // multiply-accumulates of an inference, for the energy it costs
    uint8_t is_bonsai;
    uint8_t is_open;
} fr_slot_model_t;

/// The model a task runs.
typedef struct {
    fr_slot_model_t model;
    uint32_t release;     // counter of its manifest; 0: none is loaded
    uint32_t policy_tag;  // what names it in a policy
} fr_loaded_t;

/// The update in work: one at a time, over all tasks.
typedef struct {
    uint64_t deadline_ms;  // next step, fetch or look at the conditions
    uint64_t progress_ms;  // when the last new block came
    uint64_t staged_ms;    // when the model was in the slot
    uint64_t ask_ms;       // for a model that was lost; FR_NEVER
    uint32_t credit_left;  // blocks still expected from the last fetch
    uint32_t bad_blocks;
    uint32_t desired_version;  // that asked for it
    uint32_t detail;           // of the last failure or refusal, for its report
    uint8_t task_index;
    uint8_t slot;             // that is written, or flipped to
    uint8_t quiet_fetches;    // fetches in a row without an answer
    uint8_t is_working;       // phase of the task is OFFERED..SELF_TEST
    uint8_t is_subscribed;    // to the shared chunk topic
    uint8_t list_is_checked;  // the block list in staging matches its digest
    uint8_t ask_again;        // a desired state had to wait: say hello when done
    uint8_t asked;            // for a model that was lost, since one was taken up
} fr_update_t;

/// An escalation that waits for its verdict.
typedef struct {
    uint64_t sequence;
    uint64_t deadline_ms;
    uint32_t position;  // of its open record in the decision log
    uint8_t is_waiting;
    uint8_t reason;  // fr_policy_reason_t that sent it up
} fr_escalation_t;

/// Batches to the gateway: go-back-N over the decision log.
typedef struct {
    uint64_t sent_sequence;  // everything below was sent since the last go-back
    uint64_t retry_ms;       // go back if no ack came by then
    uint64_t flush_ms;       // the oldest unsent decision waits until then
    uint64_t hold_ms;        // nothing is sent before: the ack to a hello may come first
    uint32_t credit;         // decisions in flight at most
    uint8_t backoff;         // doublings of the ack timeout
} fr_sender_t;

/// What the policy in the shadow would have answered since it came; counts stop at their end.
typedef struct {
    uint16_t reasons[16];  // by fr_policy_reason_t
    uint16_t differs;      // answers with another tier than the policy in force
} fr_shadow_t;

/// What one task has in RAM only.
typedef struct {
    fr_loaded_t loaded;
    uint64_t policy_since_ms;  // when the policy in force was last told, or was lost
    uint64_t tokens_ms;        // escalation bucket: virtual time it is spent up to
    uint64_t report_ms;        // repeat the report then; FR_NEVER
    uint64_t busy_until_ms;    // the edge asked for a pause
    uint32_t probation_count;  // decisions under the unconfirmed model
    fr_shadow_t shadow;
    uint8_t reports_left;
    uint8_t policy_faults;  // answers BADPOLICY of a policy that passed its check
    uint8_t policy_losses;  // policies given up for that since the boot
    uint8_t price;          // of an escalation, q8, from acks and verdicts
} fr_task_volatile_t;

struct fr_node {
    const fr_node_config_t* config;
    const fr_port_t* port;
    fr_layout_t layout;
    fr_record_log_t records;
    fr_decision_log_t decisions;
    fr_staging_t staging;
    fr_persistent_t state;
    fr_task_volatile_t tasks[FR_TASKS_MAX];
    fr_update_t update;
    fr_escalation_t escalations[FR_ESCALATIONS_MAX];
    fr_sender_t sender;
    fr_node_counters_t counters;
    uint64_t now_ms;    // of the call under way
    uint64_t hello_ms;  // say hello (again) then; FR_NEVER
    uint64_t health_ms;
    uint32_t pending_energy_uj;  // for the next decision
    uint32_t energy_rest_nj;     // of energy_avoided below one microjoule
    uint32_t raw_rest_nj;        // of raw_uj
    uint8_t recent[FR_RECENT_VERDICTS * FR_RECENT_VERDICT_BYTES];  // oldest first
    uint8_t recent_count;
    uint8_t load;  // of the edge, q8, from acks and verdicts
    uint8_t is_connected;
    uint8_t hello_backoff;
    uint8_t is_booted;
};

#ifdef __cplusplus
}
#endif

#endif
