// SPDX-License-Identifier: Apache-2.0
// The update machine of one task. NO is an impossible pair: whoever raises it has a bug, the
// machine stays where it is and counts an internal error. SHADOW is reserved and never entered.
#include "node/internal.h"

// clang-format off
#define I FR_PHASE_IDLE
#define O FR_PHASE_OFFERED
#define F FR_PHASE_REFUSED
#define T FR_PHASE_TRANSFER
#define S FR_PHASE_STAGED
#define W FR_PHASE_WAITING
#define E FR_PHASE_SELF_TEST
#define P FR_PHASE_PROBATION
#define C FR_PHASE_CONFIRMED
#define R FR_PHASE_REVERTED
#define Q FR_PHASE_QUARANTINED
#define NO FR_PHASE_UNSPECIFIED

static const uint8_t kNext[FR_PHASES][FR_EVENTS] = {
    //                OFFER REFUSE MATCH FETCH STAGE WAIT TEST SWITCH CONFIRM FAIL BAN
    /* (none)      */ {NO,   NO,    NO,   NO,   NO,   NO,   NO,   NO,    NO,     NO,   NO},
    /* IDLE        */ {O,    F,     C,    NO,   NO,   NO,   NO,   NO,    NO,     NO,   Q},
    /* OFFERED     */ {NO,   NO,    NO,   T,    S,    NO,   NO,   NO,    NO,     R,   NO},
    /* REFUSED     */ {O,    F,     C,    NO,   NO,   NO,   NO,   NO,    NO,     NO,   Q},
    /* TRANSFER    */ {NO,   NO,    NO,   NO,   S,    NO,   NO,   NO,    NO,     R,   NO},
    /* STAGED      */ {NO,   NO,    NO,   NO,   NO,   W,   E,   NO,    NO,     R,   NO},
    /* WAITING     */ {NO,   NO,    NO,   NO,   NO,   W,   E,   NO,    NO,     R,   NO},
    /* SELF_TEST   */ {NO,   NO,    NO,   NO,   NO,   NO,   NO,   P,     NO,     R,   NO},
    /* SHADOW      */ {NO,   NO,    NO,   NO,   NO,   NO,   NO,   NO,    NO,     NO,   NO},
    /* PROBATION   */ {NO,   P,     NO,   NO,   NO,   NO,   NO,   NO,    C,      R,   NO},
    /* CONFIRMED   */ {O,    F,     C,    NO,   NO,   NO,   NO,   NO,    NO,     R,   Q},
    /* REVERTED    */ {O,    F,     C,    NO,   NO,   NO,   NO,   NO,    NO,     NO,   Q},
    /* QUARANTINED */ {O,    F,     C,    NO,   NO,   NO,   NO,   NO,    NO,     NO,   Q},
};
// clang-format on

fr_phase_t fr_update_next(fr_phase_t phase, fr_update_event_t event) {
    return (uint32_t)phase < FR_PHASES && (uint32_t)event < FR_EVENTS
               ? (fr_phase_t)kNext[phase][event]
               : FR_PHASE_UNSPECIFIED;
}
