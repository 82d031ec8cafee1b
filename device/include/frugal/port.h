// SPDX-License-Identifier: Apache-2.0
// The whole porting contract of a node besides its flash (flash.h): one table of functions the
// application fills in. The node calls them from inside fr_node_*() calls, on the caller's thread.
// None of them may call back into the node. Time is not here: it is an argument of every call.
#ifndef FRUGAL_PORT_H
#define FRUGAL_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frugal/flash.h"
#include "frugal/message.h"

#ifdef __cplusplus
extern "C" {
#endif

/// What the policy may look at. Fill in what the device knows; 0 means "nothing known" except for
/// the battery, where a mains-powered device says 200.
typedef struct {
    uint8_t battery_half_percent;  ///< 0..200
    int16_t rssi_dbm;              ///< of the radio, e.g. -70
    uint16_t rtt_ms;               ///< to the gateway: the device's moving average
    uint16_t energy_budget_mj_16;  ///< left in the budget window, in units of 1/16 mJ
    uint16_t free_ram_64;          ///< free RAM in units of 64 bytes
    uint8_t accelerator_busy;      ///< 0 or 1
    uint8_t misfires;              ///< consecutive failed sensor readings
} fr_environment_t;

/// A decision that will not change any more.
typedef struct {
    uint64_t sequence;      ///< within the stream; the first decision of a stream has sequence 0
    uint32_t boot_epoch;    ///< of the boot that made it
    uint32_t ticks;         ///< when it was submitted: FR_TIME_TICK_MS since that boot
    uint32_t task;          ///< task id
    uint32_t release;       ///< release counter of the local model
    uint32_t energy_uj;     ///< device energy attributed to it
    uint8_t class_id;       ///< final class
    uint8_t confidence_q8;  ///< of the final class
    uint8_t local_class;    ///< what the device's own model said
    uint8_t local_confidence_q8;
    uint8_t tier;    ///< fr_tier_t: who made it
    uint8_t reason;  ///< fr_policy_reason_t: why there
} fr_decision_t;

typedef struct {
    void* context;  ///< handed to every function of this table

    fr_flash_t flash;

    /// Verifies an ES256 signature (r || s) of a SHA-256 digest under an uncompressed P-256 point
    /// (0x04 || x || y). @return true only if it verifies.
    bool (*verify_es256)(void* context, const uint8_t public_key[65], const uint8_t digest[32],
                         const uint8_t signature[64]);

    /// 32 random bits. The stream id is made of it: use a true random source on a real device.
    uint32_t (*random32)(void* context);

    /// Sends one message to this device's up topic of that kind. `payload` is only valid during
    /// the call. hello goes QoS 1, everything else QoS 0; never retained.
    /// @return false if it could not be taken (queue full, no session): the node tries again later.
    bool (*publish)(void* context, fr_up_kind_t kind, const uint8_t* payload, size_t size);

    /// Subscribes to, or leaves, the shared chunk topic of an artifact. May be NULL: then only
    /// the device's own chunk topic is used. Loses nothing if it fails.
    void (*subscribe_shared)(void* context, const uint8_t artifact[32]);
    void (*unsubscribe_shared)(void* context, const uint8_t artifact[32]);

    /// Fills in the environment; it is zeroed before with a full battery. May be NULL.
    void (*environment)(void* context, fr_environment_t* environment);

    /// A decision is final and stored in flash: act on it. Called once for each sequence number,
    /// except that one whose power was cut in this very call is not told again. May be NULL.
    void (*decided)(void* context, const fr_decision_t* decision);

    /// The update machine entered a phase: for logs and lights. May be NULL.
    void (*phase_changed)(void* context, uint32_t task, fr_phase_t phase, fr_reason_t reason);

    /// Called in long loops (erase, decode, digest, self-test). May be NULL.
    void (*reset_watchdog)(void* context);
} fr_port_t;

#ifdef __cplusplus
}
#endif

#endif
