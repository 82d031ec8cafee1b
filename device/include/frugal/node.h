// SPDX-License-Identifier: Apache-2.0
// The node: everything a device does in a Frugal site, as one state machine without I/O of its own.
// The application owns fr_node_t and everything it points to, and calls from one thread at a time.
// All calls return soon; a node never sleeps, allocates, keeps a global or reads a clock: time is
// the argument `now_ms`, milliseconds since this boot, which never goes back.
//
// A device's main loop:
//     fr_node_boot(&node, &config, &port, now_ms);
//     on MQTT connect:    subscribe to the down topics, then fr_node_on_connected()
//     on MQTT message:    fr_node_on_message()
//     on MQTT disconnect: fr_node_on_disconnected()
//     on a new sample:    fr_node_submit()
//     no later than fr_node_next_deadline(): fr_node_tick()
//
// After a power cut or reset the application just boots again: nothing has to be shut down.
#ifndef FRUGAL_NODE_H
#define FRUGAL_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frugal/bonsai.h"
#include "frugal/codec.h"
#include "frugal/limits.h"
#include "frugal/port.h"
#include "frugal/runtime.h"
#include "frugal/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FR_ESCALATIONS_MAX 4u  ///< escalations waiting for a verdict at once
#define FR_NEVER UINT64_MAX    ///< fr_node_next_deadline(): nothing is due

/// How a single slot is overwritten; what is in it is the node's own business.
typedef struct fr_in_place fr_in_place_t;
/// A firmware that does not name it carries none of its code.
extern const fr_in_place_t fr_in_place;

/// How far the input of a task may travel. The strictest of task, sample and policy holds; a zeroed
/// value means it never leaves the device.
typedef enum {
    FR_PRIVACY_UNSET = 0,  ///< as FR_PRIVACY_NEVER
    FR_PRIVACY_PUBLIC = 1,
    FR_PRIVACY_EDGE_ONLY = 2,  ///< as far as the gateway
    FR_PRIVACY_NEVER = 3
} fr_privacy_t;

typedef struct {
    uint32_t task;         ///< task id, as in manifests and policies; ascending within the array
    uint32_t input_bytes;  ///< bytes of the model's input tensor
    uint32_t class_count;  ///< fr_class_count() of its output tensor: 2..FR_CLASSES_MAX
    fr_privacy_t privacy;  ///< of the task; a sample or the policy may only be stricter
    uint8_t* state;        ///< what a streaming model remembers between samples; NULL: it has none
    uint32_t state_bytes;
} fr_task_config_t;

/// Everything that is constant for a device. The node keeps the pointer: it must outlive the node.
/// One configuration may serve many nodes (of one host process) only if `device` may be the same,
/// so usually each node has its own copy. 0 for a time means its default.
typedef struct {
    const char* site;                   ///< [a-z0-9-]{1,64}
    const char* device;                 ///< the CN of its certificate, [a-z0-9-]{1,64}
    const char* device_class;           ///< e.g. "m4"; manifests name it
    const uint8_t* release_public_key;  ///< 65 bytes: verifies manifests
    const uint8_t* policy_public_key;   ///< 65 bytes: verifies policies; NULL for the release key

    const fr_task_config_t* tasks;
    uint32_t task_count;  ///< 1..FR_TASKS_MAX

    const fr_operator_set_t* operators;  ///< what models may use, e.g. &fr_operators_base
    const fr_profile_set_t* profiles;    ///< encodings it can decode, e.g. &fr_profiles_all
    const fr_bonsai_kernel_t* bonsai;    ///< &fr_bonsai_kernel to run trees too; NULL: not

    uint8_t* arena;        ///< working memory, used only inside one call of this API
    uint32_t arena_bytes;  ///< activations, decoder RAM, outgoing messages: >= 1280

    uint32_t slot_bytes;            ///< largest decoded model
    const fr_in_place_t* in_place;  ///< &fr_in_place for one slot a task, see below; NULL: two
    uint32_t reach_bytes;       ///< one slot: how far behind the new model a delta may read the old
    uint32_t staging_bytes;     ///< largest artifact
    uint32_t block_bytes;       ///< transfer block it wants: a power of two, 128..4096
    uint32_t fetch_credit;      ///< blocks asked for at once, 1..FR_FETCH_CREDIT_MAX
    uint32_t decision_sectors;  ///< flash sectors of the decision log: >= 2
    uint32_t features_bytes_max;  ///< largest input it escalates; 0: never escalates

    uint32_t decision_flush_ms;     ///< a decision is sent at the latest so long after (2000)
    uint32_t ack_timeout_ms;        ///< first wait for an ack; doubles up to 32 times (4000)
    uint32_t fetch_timeout_ms;      ///< wait for a block before asking again (3000)
    uint32_t transfer_timeout_ms;   ///< without any new block while connected: TIMED_OUT (600000)
    uint32_t health_interval_ms;    ///< between two health messages (60000)
    uint32_t radio_nj_per_byte;     ///< for raw_uj and energy_avoided_uj in health
    uint32_t radio_uj_per_message;  ///< what waking the radio for one message adds to them
} fr_node_config_t;

// One slot a task. The model that runs is overwritten by the next one, so it is given up only when
// every byte of the next is on the device, the window is open and the battery charged; a delta then
// rewrites it in place, and a power cut at any moment goes on where it was. Until the self-test has
// passed the task has no model: fr_node_submit() says FR_ERROR_STATE. If the new model fails, there
// is no old one to go back to: the task waits, without a model, and the node asks the gateway for
// one, which then sends it in full. A device that must always decide needs two slots.

// A firmware with other tasks. Tasks are told apart by their ids; what is in flash lies by their
// places in `tasks`. At the first boot with other ids than before:
//   every task the firmware still has, or had once, keeps its burned counter and its policy floor:
//   nothing older than what it confirmed or obeyed is taken, ever (of tasks it has no longer, the
//   last FR_FORMER_TASKS_MAX are remembered);
//   a task at the place it had keeps its models, policies and state;
//   one at another place gives its models up, counted in models_given_up, and asks the gateway for
//   its release again;
//   if one went or changed its place, decisions that were not delivered yet are declared as
//   dropped; sequence, stream and fencing epoch go on.
// With another number of decision_sectors a new stream begins, without what was not delivered, and
// every task gives its models up: they lie behind the decisions.
// A flash of another form (FR_ERROR_UNSUPPORTED) is never formatted by itself, because counters,
// floors and the fencing epoch would be gone: boot the firmware that wrote it, or erase the whole
// region deliberately; then the device is new, and knows nothing of what it once refused.

/// What the node counted since boot.
typedef struct {
    uint64_t energy_uj;
    uint64_t energy_avoided_uj;
    uint64_t raw_bytes_avoided;
    uint64_t use_uj[FR_USES];     ///< shares of energy_uj
    uint64_t use_bytes[FR_USES];  ///< payload bytes up and down
    uint64_t raw_uj;              ///< of sending every input instead
    uint64_t raw_bytes;
    uint32_t inferences;
    uint32_t decisions;  ///< finalised
    uint32_t escalations;
    uint32_t late_verdicts;
    uint32_t busy_verdicts;
    uint32_t dropped;  ///< decisions overwritten before an ack covered them
    uint32_t batches_sent;
    uint32_t batch_bytes_sent;
    uint32_t decisions_sent;  ///< in those batches, repeats included
    uint32_t fetches_sent;
    uint32_t blocks_received;       ///< that were new and good
    uint32_t block_bytes_received;  ///< payload bytes of all chunks of the artifact in transfer
    uint32_t blocks_duplicate;
    uint32_t blocks_bad;
    uint32_t messages_rejected;  ///< malformed, oversized, for another stream, or fenced off
    uint32_t storage_faults;
    uint32_t models_given_up;  ///< at this boot, because the firmware's tasks are others
    uint32_t internal_errors;  ///< impossible state and event met: always 0, or report it
    uint32_t policy_reasons[FR_POLICY_REASONS];
} fr_node_counters_t;

/// One task instance to decide.
typedef struct {
    uint32_t task;
    const uint8_t* input;  ///< the model's input tensor; not in the arena
    size_t input_size;
    uint32_t deadline_ms;  ///< the application needs the decision within so long
    fr_privacy_t privacy;  ///< of this sample
} fr_submission_t;

/// What became of it.
typedef struct {
    uint64_t sequence;  ///< its decision's sequence number
    uint8_t local_class;
    uint8_t local_confidence_q8;
    uint8_t reason;  ///< fr_policy_reason_t of the policy's answer
    bool escalated;  ///< true: the decision follows later, by port->decided
} fr_submit_result_t;

/// What a task runs, for displays and tests.
typedef struct {
    fr_phase_t phase;
    fr_reason_t reason;
    uint32_t release;  ///< counter of the manifest of the active model; 0 for none
    uint32_t burned_counter;
    uint32_t policy;         ///< id of the policy in force; 0 for none
    uint32_t shadow;         ///< id of the policy evaluated beside it; 0 for none
    uint32_t blocks_held;    ///< of a transfer under way
    int32_t active_slot;     ///< 0, 1; -1 for none
    int32_t confirmed_slot;  ///< 0, 1; -1 for none
    bool has_model;
    uint8_t model_digest[FR_SHA256_SIZE];
    uint8_t other_digest[FR_SHA256_SIZE];  ///< zeros if the other slot holds nothing verified
} fr_task_status_t;

/// A node. The members (node_state.h) are private; only its size is public, for static allocation.
typedef struct fr_node fr_node_t;

/// Bytes of flash a node of this configuration needs with sectors of `sector_size` bytes.
/// @return 0 for a configuration fr_node_boot() would refuse.
uint32_t fr_node_flash_size(const fr_node_config_t* config, uint32_t sector_size);

/// Boots: forgets whatever `node` held, formats blank storage (new random stream id), otherwise
/// recovers it from any cut, counts the boot, verifies signature and digest of what it will run,
/// takes the old slot back if the candidate boots too often, and reports decisions a cut left open.
/// Must be called before anything else; may be called again to simulate a reset.
/// @return FR_OK; FR_ERROR_ARGUMENT for a configuration out of range; FR_ERROR_NO_SPACE if the
///         flash region or the arena is too small; FR_ERROR_STORAGE if the flash fails;
///         FR_ERROR_STATE if the random source gives only zeros; FR_ERROR_UNSUPPORTED if the flash
///         holds what another version of this library, or a build with another FR_TASKS_MAX, left:
///         nothing is changed then, see below.
FR_MUST_USE fr_status_t fr_node_boot(fr_node_t* node, const fr_node_config_t* config,
                                     const fr_port_t* port, uint64_t now_ms);

/// The session is up and the down topics are subscribed: says hello.
void fr_node_on_connected(fr_node_t* node, uint64_t now_ms);

/// The session is gone: transfers pause, decisions gather in flash.
void fr_node_on_disconnected(fr_node_t* node, uint64_t now_ms);

/// One message from the gateway. Everything in it is checked; a bad one is counted and ignored.
void fr_node_on_message(fr_node_t* node, fr_down_kind_t kind, const uint8_t* payload, size_t size,
                        uint64_t now_ms);

/// Does what is due. Cheap when nothing is.
void fr_node_tick(fr_node_t* node, uint64_t now_ms);

/// When fr_node_tick() has something to do next, or FR_NEVER. A time in the past means now.
uint64_t fr_node_next_deadline(const fr_node_t* node);

/// Runs the active model on one input, asks the policy, then decides or escalates. A decision is in
/// flash before port->decided hears of it and before this call returns.
/// @return FR_OK; FR_ERROR_STATE before a boot that succeeded and while the task has no model;
///         FR_ERROR_NOT_FOUND for an unknown task; FR_ERROR_ARGUMENT for an input of another size;
///         FR_ERROR_UNSUPPORTED if the model cannot be run; FR_ERROR_STORAGE: nothing was decided.
FR_MUST_USE fr_status_t fr_node_submit(fr_node_t* node, const fr_submission_t* submission,
                                       uint64_t now_ms, fr_submit_result_t* result);

/// Adds device energy, measured or from frugal/energy.h, under what it was spent on. It is
/// attributed to the next decision that becomes final, too.
void fr_node_add_energy(fr_node_t* node, fr_use_t use, uint32_t energy_uj);

/// What a message belongs to: for ports that account the radio's energy.
fr_use_t fr_use_of_up(fr_up_kind_t kind);
fr_use_t fr_use_of_down(fr_down_kind_t kind);

/// Says an orderly goodbye before a sleep of about `next_wake_s` seconds (0: unknown).
void fr_node_say_bye(fr_node_t* node, uint32_t next_wake_s, uint64_t now_ms);

/// Writes the payload of the MQTT will (a bye) to `payload`, which holds at least 16 bytes.
/// @return its size.
size_t fr_node_will(const fr_node_t* node, uint8_t payload[16]);

const fr_node_counters_t* fr_node_counters(const fr_node_t* node);

/// @return FR_OK; FR_ERROR_NOT_FOUND for a task that is not configured.
FR_MUST_USE fr_status_t fr_node_task_status(const fr_node_t* node, uint32_t task,
                                            fr_task_status_t* status);

uint64_t fr_node_stream(const fr_node_t* node);
uint32_t fr_node_boot_epoch(const fr_node_t* node);
uint64_t fr_node_next_sequence(const fr_node_t* node);   ///< the next decision will get it
uint64_t fr_node_acked_sequence(const fr_node_t* node);  ///< the gateway has everything below
uint64_t fr_node_oldest_sequence(
    const fr_node_t* node);  ///< oldest unacked decision still in flash

#ifdef __cplusplus
}
#endif

#include "frugal/node_state.h"

#endif
