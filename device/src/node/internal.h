// SPDX-License-Identifier: Apache-2.0
// What the files of the node library share: one line of purpose each, grouped by file. Internal.
// activate, desired, install, node, offer, recovery, transfer and update are one module, the update
// machine, in several files: they call each other both ways.
// Everything works on the caller's fr_node_t, on the thread of the call under way; node->now_ms is
// the time of that call.
#ifndef FRUGAL_NODE_INTERNAL_H
#define FRUGAL_NODE_INTERNAL_H

#include "frugal/classify.h"
#include "frugal/node.h"
#include "frugal/policy.h"
#include "frugal/wire.h"

#define FR_DECISION_FLUSH_MS 2000u
#define FR_ACK_TIMEOUT_MS 4000u
#define FR_FETCH_TIMEOUT_MS 3000u
#define FR_TRANSFER_TIMEOUT_MS 600000u
#define FR_HEALTH_INTERVAL_MS 60000u
#define FR_HELLO_RETRY_MS 10000u
#define FR_HELLO_HOLD_MS 500u            // an ack to the hello saves sending again what is stored
#define FR_ESCALATION_DEADLINE_MS 1000u  // for a submission without one
#define FR_CONDITION_INTERVAL_MS 1000u
#define FR_REPORT_REPEATS 3u  // reports may be lost: the last one is said again
#define FR_REPORT_INTERVAL_MS 5000u
#define FR_BACKOFF_MAX 5u
#define FR_ASK_DOUBLINGS_MAX 8u  // of FR_HELLO_RETRY_MS, for a model that was lost
#define FR_REWRITE_BOOTS_MAX 8u  // boots in a rewrite without another page of it
#define FR_BAD_BLOCKS_MAX 16u
#define FR_POLICY_FAULTS_MAX \
    3u  // then a policy that cannot be read is given up and asked for again
#define FR_POLICY_RETRY_MS 60000u  // after the second loss, then doubled
#define FR_POLICY_RETRY_DOUBLINGS_MAX 10u
// Of FR_HELLO_RETRY_MS, before a hello tells who sent a policy for another model what runs.
#define FR_FOREIGN_POLICY_DOUBLINGS 3u
#define FR_ARENA_BYTES_MIN 1280u
#define FR_WATCHDOG_BYTES 4096u
#define FR_PIECE_BYTES 64u  // of a payload, on its way through the decoder
#define FR_EDGE_STOP 255u   // price or load: the edge can take nothing, so nothing is sent

// support.c
uint64_t fr_after(const fr_node_t* node, uint32_t configured_ms, uint32_t default_ms);
uint64_t fr_jitter(const fr_node_t* node, uint64_t span_ms);  // 0..span-1, random
void fr_earliest(uint64_t* deadline_ms, uint64_t candidate_ms);
void fr_feed_watchdog(const fr_node_t* node);
void fr_count_storage(fr_node_t* node, fr_status_t status);
bool fr_views_equal(const fr_view_t* view, const uint8_t* bytes, uint32_t size);
fr_view_t fr_view(const uint8_t* bytes, uint32_t size);
uint32_t fr_digest_tag(const uint8_t* digest);
fr_environment_t fr_environment(const fr_node_t* node);
bool fr_has_one_slot(const fr_node_t* node);
int32_t fr_find_task(const fr_node_t* node, uint32_t task);  // index, -1 for none
/// When to say a hello again, after so many that were in vain.
uint64_t fr_hello_retry(const fr_node_t* node, uint32_t doublings);
/// The arena from its first place for anything on; `left` gets the bytes there.
uint8_t* fr_aligned_arena(const fr_node_t* node, uint32_t* left);
static inline fr_task_state_t* fr_state_of(fr_node_t* node, uint32_t task_index) {
    return &node->state.tasks[task_index];
}

// persistence.c: the STATE record, signed blobs of the slots, the offer in work
/// What a STATE record says of its tasks, which need not be those of this firmware.
typedef struct {
    uint32_t count;
    uint32_t decision_sectors;
    uint32_t ids[FR_TASKS_MAX];
    fr_task_state_t tasks[FR_TASKS_MAX];
} fr_kept_tasks_t;

fr_status_t fr_state_save(fr_node_t* node);
/// Everything but the tasks. @return FR_ERROR_UNSUPPORTED for a record of another version.
fr_status_t fr_state_load(fr_node_t* node, fr_kept_tasks_t* kept);
fr_status_t fr_state_format(fr_node_t* node);
/// No model, and nothing known of any.
void fr_task_state_init(fr_task_state_t* state);
/// A new stream id, for a decision log that starts at 0. @return FR_ERROR_STATE for a random source
/// that gives only zeros.
fr_status_t fr_stream_begin(fr_node_t* node);

/// An offer as the OFFER record keeps it; the views lead into flash or into a message.
typedef struct {
    uint32_t task;
    uint32_t desired_version;
    uint32_t minimum_battery_half_percent;
    uint32_t not_before_ticks;
    uint32_t size_bytes;  // of the artifact; 0: none is offered
    uint32_t block_bytes;
    fr_view_t digest, list_digest;
    fr_view_t base_digest;  // empty for a full artifact
    uint32_t decoder_profile;
    uint32_t decoder_ram_bytes;  // judged when the offer comes, not kept
    uint32_t base_lag_bytes;     // as well
    fr_view_t manifest, policy;  // content; empty for none
    fr_view_t manifest_signature, policy_signature;
} fr_offer_t;

fr_status_t fr_offer_save(fr_node_t* node, const fr_offer_t* offer);
fr_status_t fr_offer_load(const fr_node_t* node, fr_offer_t* offer);
/// With the manifest it is about; both lead into the records, and hold until these move.
fr_status_t fr_offer_load_manifest(const fr_node_t* node, fr_offer_t* offer,
                                   fr_manifest_t* manifest);
void fr_offer_drop(fr_node_t* node);

/// Nothing is written if there is no such record.
fr_status_t fr_record_drop(fr_node_t* node, uint32_t type);

/// A signed blob in a MANIFEST or POLICY record; both views are empty if there is none.
fr_status_t fr_blob_save(fr_node_t* node, uint32_t type, const fr_view_t* content,
                         const fr_view_t* signature);
void fr_blob_load(const fr_node_t* node, uint32_t type, fr_view_t* content, fr_view_t* signature);

// task_change.c: a firmware with other tasks than the one before it
/// Gives the node the tasks of the STATE record that was loaded. Writes nothing into that: until it
/// is saved, a cut leaves all of this to be done again.
fr_status_t fr_tasks_take_over(fr_node_t* node, const fr_kept_tasks_t* kept);

// slots.c: what is in a slot, and what runs
bool fr_signature_holds(const fr_node_t* node, const uint8_t* public_key, const fr_view_t* content,
                        const fr_view_t* signature);
bool fr_slot_is_verified(const fr_node_t* node, uint32_t task_index, uint32_t slot);
/// The slot's manifest is exactly this one; no slot, or one without, has none.
bool fr_slot_has_manifest(const fr_node_t* node, uint32_t task_index, int8_t slot,
                          const fr_view_t* content);
fr_status_t fr_slot_manifest(const fr_node_t* node, uint32_t task_index, uint32_t slot,
                             fr_manifest_t* manifest);
bool fr_slot_holds(const fr_node_t* node, uint32_t task_index, uint32_t slot,
                   const fr_manifest_t* manifest);
/// The verified model of a slot is the one of this digest.
bool fr_slot_holds_model(const fr_node_t* node, uint32_t task_index, uint32_t slot,
                         const fr_view_t* digest);
/// @return FR_ERROR_DIGEST for other bytes than those of the digest.
fr_status_t fr_check_digest(const fr_node_t* node, const uint8_t* bytes, uint32_t size,
                            const fr_view_t* digest);
/// The slot holds the base of this digest, byte for byte; verified or not.
bool fr_slot_holds_base(const fr_node_t* node, uint32_t task_index, uint32_t slot,
                        const fr_view_t* digest, uint32_t* base_bytes);
fr_status_t fr_slot_check_digest(const fr_node_t* node, uint32_t task_index, uint32_t slot,
                                 const fr_manifest_t* manifest);
/// How far behind the new model the old one stays readable while it is overwritten.
uint32_t fr_base_reach(const fr_node_t* node);
/// Signature and bytes of what the slot's manifest says, whether it counts as verified or not.
fr_status_t fr_slot_check(const fr_node_t* node, uint32_t task_index, uint32_t slot);
fr_status_t fr_slot_verify(const fr_node_t* node, uint32_t task_index, uint32_t slot);
fr_status_t fr_model_load(fr_node_t* node, uint32_t task_index);
/// The policy of the slot that runs; empty for none, and for one made for another model.
void fr_slot_policy(const fr_node_t* node, uint32_t task_index, fr_view_t* policy);

// slot_model.c: a model in a slot, whichever form it has
uint32_t fr_supported_operators(const fr_node_config_t* config, uint32_t* operators,
                                uint32_t capacity);
bool fr_runs_operator(const fr_node_t* node, uint32_t wanted);
fr_status_t fr_slot_model_open(const fr_node_t* node, fr_slot_model_t* model, const uint8_t* bytes,
                               uint32_t size, uint32_t* detail);
fr_reason_t fr_slot_model_judge(const fr_node_t* node, const fr_slot_model_t* model,
                                const fr_task_config_t* task, uint32_t* detail);
fr_status_t fr_slot_model_reset(const fr_slot_model_t* model, const fr_task_config_t* task);
fr_status_t fr_slot_model_test(const fr_node_t* node, const fr_slot_model_t* model,
                               const fr_task_config_t* task, uint32_t seed, uint8_t* digest);
fr_status_t fr_slot_model_infer(const fr_node_t* node, const fr_slot_model_t* model,
                                const fr_task_config_t* task, const fr_view_t* input,
                                fr_classification_t* classification);

// offer.c: is an offer acceptable, before any byte of it travels
fr_reason_t fr_offer_judge(const fr_node_t* node, uint32_t task_index, const fr_offer_t* offer,
                           uint32_t* detail);
uint32_t fr_decoder_ram(const fr_node_t* node);
/// One bit for each profile of the codec that fits that memory.
uint32_t fr_decoder_profiles(const fr_node_t* node);

// update_table.c: the transition table
typedef enum {
    FR_EVENT_OFFER = 0,  // a fit offer is taken up
    FR_EVENT_REFUSE,     // an offer is refused
    FR_EVENT_MATCH,      // what is desired runs and is confirmed
    FR_EVENT_FETCH,      // its bytes must travel
    FR_EVENT_STAGE,      // a verified model is in the slot
    FR_EVENT_WAIT,       // a condition does not hold
    FR_EVENT_TEST,       // every condition holds
    FR_EVENT_SWITCH,     // the self-test passed, the slot is flipped
    FR_EVENT_CONFIRM,    // enough decisions under the new model
    FR_EVENT_FAIL,       // anything went wrong
    FR_EVENT_BAN,        // too many failures of this release
    FR_EVENTS
} fr_update_event_t;

/// The next phase, or FR_PHASE_UNSPECIFIED if the event cannot happen in this phase.
fr_phase_t fr_update_next(fr_phase_t phase, fr_update_event_t event);

// update.c: the machine's actions
bool fr_is_in_probation(const fr_node_t* node, uint32_t task_index);
bool fr_is_at_work(const fr_node_t* node, uint32_t task_index);
void fr_update_step(fr_node_t* node, uint32_t task_index, fr_update_event_t event,
                    fr_reason_t reason);
void fr_update_begin(fr_node_t* node);
void fr_update_fail(fr_node_t* node, fr_reason_t reason, uint32_t detail);
void fr_update_revert(fr_node_t* node, uint32_t task_index, fr_reason_t reason);
void fr_update_count_decision(fr_node_t* node, uint32_t task_index);
void fr_update_tick(fr_node_t* node);

// recovery.c: after failures and cuts
/// Once it had confirmed one; of those none is left. What runs, if anything does, is on trial.
bool fr_has_lost_model(const fr_task_state_t* state);
/// Counts a failure against the release with this counter, if it is one of it.
/// @return true after too many
bool fr_count_against(fr_node_t* node, uint32_t task_index, uint32_t counter, fr_reason_t reason);
/// The model that burned the counter.
bool fr_is_last_confirmed(const fr_task_state_t* state, const fr_manifest_t* manifest);
void fr_burn(fr_task_state_t* state, const fr_manifest_t* manifest);
/// Work that writes the only slot, or runs a model for the first time, and has not come to an end.
bool fr_is_cut_short(const fr_task_state_t* state);
/// Of an update that failed or is dropped. An only slot that was not overwritten yet runs again.
void fr_end_work(fr_node_t* node, uint32_t task_index);
/// A task that lost its model asks for one, later each time. Without a link the next hello asks.
void fr_ask_for_model(fr_node_t* node, uint32_t task_index);
void fr_ask_for_models(fr_node_t* node);
void fr_recovery_tick(fr_node_t* node);
void fr_update_resume(fr_node_t* node);

// desired.c: what a desired state means for a task
void fr_update_on_desired(fr_node_t* node, uint32_t task_index, const fr_task_desired_t* desired,
                          uint32_t version);

// activate.c: conditions, self-test, flip
fr_reason_t fr_update_condition(const fr_node_t* node, const fr_offer_t* offer);
fr_status_t fr_run_self_tests(const fr_node_t* node, uint32_t task_index, uint32_t slot);
fr_status_t fr_activate(fr_node_t* node);
fr_status_t fr_confirm(fr_node_t* node, uint32_t task_index);

// transfer.c: fetch and chunk
void fr_transfer_start(fr_node_t* node);
void fr_transfer_stop(fr_node_t* node);
void fr_transfer_tick(fr_node_t* node);
void fr_transfer_on_chunk(fr_node_t* node, const fr_chunk_t* chunk);
void fr_transfer_on_link(fr_node_t* node);

// install.c: staging -> slot
/// The stream in the staged artifact.
fr_status_t fr_staged_payload(const fr_node_t* node, fr_view_t* payload);
fr_reason_t fr_install(fr_node_t* node, uint32_t* detail);

// in_place.c: the slot of a device that has one
struct fr_in_place {
    /// What a checkpoint holds, at most.
    uint32_t (*state_bytes)(const fr_node_config_t* config);
    /// The offer is checked as far as it can be; then the task has no model any more.
    fr_status_t (*give_up)(fr_node_t* node, const fr_manifest_t* manifest, const fr_offer_t* offer);
    /// By a delta, from wherever it stands.
    fr_status_t (*rewrite)(fr_node_t* node, const fr_manifest_t* manifest, const fr_offer_t* offer);
};

// policy_store.c
void fr_policy_offer(fr_node_t* node, uint32_t task_index, const fr_signed_t* blob);
/// Signed, whole and for the task; of any age.
bool fr_policy_is_genuine(const fr_node_t* node, uint32_t task_index, const fr_view_t* content,
                          const fr_view_t* signature);
/// Genuine, and not older than one this task has obeyed.
bool fr_policy_is_fit(const fr_node_t* node, uint32_t task_index, const fr_view_t* content,
                      const fr_view_t* signature);
/// Made for the model with this digest, or for any.
bool fr_policy_is_for(const fr_node_t* node, uint32_t task_index, const fr_view_t* content,
                      const fr_view_t* model_digest);
/// Made for the model that runs, or for any.
bool fr_policy_is_for_loaded(const fr_node_t* node, uint32_t task_index, const fr_view_t* content);
/// After another model began to run: who has no policy for it, or an older version than the model
/// before obeyed, asks for the one that is in force.
void fr_policy_ask(fr_node_t* node, uint32_t task_index);
void fr_policy_count_fault(fr_node_t* node, uint32_t task_index);

// decide.c, consult.c: one submission, from the sample to the policy's answer
#define FR_OUTCOME(tier, reason) ((uint8_t)((tier)*16u + (reason)))

typedef struct {
    const fr_submission_t* submission;
    uint32_t task_index;
    uint32_t deadline_ms;
    uint32_t cap_per_hour;
    fr_classification_t local;
    fr_view_t policy;
} fr_instance_t;

void fr_consult_policy(fr_node_t* node, fr_instance_t* instance, fr_policy_answer_t* answer);
void fr_spend_token(fr_node_t* node, uint32_t task_index, uint32_t cap_per_hour);

// shadow.c: the policy beside the one in force; the last answers
void fr_shadow_offer(fr_node_t* node, uint32_t task_index, const fr_signed_t* blob);
uint32_t fr_shadow_id(const fr_node_t* node, uint32_t task_index);
void fr_shadow_consult(fr_node_t* node, uint32_t task_index, const fr_policy_context_t* context,
                       const fr_policy_answer_t* answer);
void fr_note_answer(fr_node_t* node, const fr_instance_t* instance,
                    const fr_policy_answer_t* answer, uint64_t sequence);
/// The policy has changed: health tells answers of one policy only.
void fr_forget_answers(fr_node_t* node);

// escalation.c: escalations under way, final decisions
uint32_t fr_take_energy(fr_node_t* node);
void fr_tell_decision(fr_node_t* node, const fr_decision_record_t* record);
void fr_escalation_finish_local(fr_node_t* node, fr_escalation_t* escalation,
                                fr_policy_reason_t reason);
fr_escalation_t* fr_free_escalation(fr_node_t* node);
uint32_t fr_escalations_free(const fr_node_t* node);
void fr_escalations_recover(fr_node_t* node);
void fr_escalations_tick(fr_node_t* node);
void fr_escalation_on_verdict(fr_node_t* node, const fr_verdict_t* verdict);

// ledger.c: what energy and radio bytes went to
void fr_count_radio(fr_node_t* node, fr_use_t use, size_t size);
void fr_count_input(fr_node_t* node, size_t input_size, bool is_kept);

// sender.c
void fr_sender_on_link(fr_node_t* node);
void fr_sender_on_ack(fr_node_t* node, const fr_ack_t* ack);
void fr_sender_on_decision(fr_node_t* node);
void fr_sender_run(fr_node_t* node);
uint64_t fr_sender_deadline(const fr_node_t* node);

// talk.c: how a message leaves, and those that only tell
/// Sends the first `size` bytes of the arena. False if there are none or the port takes none.
bool fr_publish(fr_node_t* node, fr_up_kind_t kind, size_t size);
void fr_say_hello(fr_node_t* node);
void fr_say_report(fr_node_t* node, uint32_t task_index);
void fr_say_health(fr_node_t* node);
void fr_talk_tick(fr_node_t* node);

#endif
