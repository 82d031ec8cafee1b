// SPDX-License-Identifier: Apache-2.0
// The transition table, pair by pair: a second writing of it, by row, as words.
#include <gtest/gtest.h>

#include <array>
#include <string>

extern "C" {
#include "node/internal.h"
}

namespace frugal::test {
namespace {

TEST(UpdateTable, EveryPairIsWhatItShouldBe) {
    const std::array<const char*, FR_PHASES> rows = {
        // O=offer R=refuse M=match F=fetch S=stage W=wait T=test X=switch C=confirm E=fail B=ban
        /* none        */ "",
        /* IDLE        */ "O>OFFERED R>REFUSED M>CONFIRMED B>QUARANTINED",
        /* OFFERED     */ "F>TRANSFER S>STAGED E>REVERTED",
        /* REFUSED     */ "O>OFFERED R>REFUSED M>CONFIRMED B>QUARANTINED",
        /* TRANSFER    */ "S>STAGED E>REVERTED",
        /* STAGED      */ "W>WAITING T>SELF_TEST E>REVERTED",
        /* WAITING     */ "W>WAITING T>SELF_TEST E>REVERTED",
        /* SELF_TEST   */ "X>PROBATION E>REVERTED",
        /* SHADOW      */ "",
        /* PROBATION   */ "R>PROBATION C>CONFIRMED E>REVERTED",
        /* CONFIRMED   */ "O>OFFERED R>REFUSED M>CONFIRMED E>REVERTED B>QUARANTINED",
        /* REVERTED    */ "O>OFFERED R>REFUSED M>CONFIRMED B>QUARANTINED",
        /* QUARANTINED */ "O>OFFERED R>REFUSED M>CONFIRMED B>QUARANTINED"};
    const std::array<const char*, FR_PHASES> names = {
        "",          "IDLE",   "OFFERED",   "REFUSED",   "TRANSFER", "STAGED",     "WAITING",
        "SELF_TEST", "SHADOW", "PROBATION", "CONFIRMED", "REVERTED", "QUARANTINED"};
    const std::string letters = "ORMFSWTXCEB";
    for (std::size_t phase = 0; phase < FR_PHASES; ++phase) {
        std::string written;
        for (std::size_t event = 0; event < FR_EVENTS; ++event) {
            const auto next = fr_update_next(static_cast<fr_phase_t>(phase),
                                             static_cast<fr_update_event_t>(event));
            if (next != FR_PHASE_UNSPECIFIED) {
                written += (written.empty() ? "" : " ") + std::string(1, letters[event]) + ">" +
                           names[next];
            }
        }
        EXPECT_EQ(written, rows[phase]) << names[phase];
    }
    EXPECT_EQ(fr_update_next(FR_PHASES, FR_EVENT_OFFER), FR_PHASE_UNSPECIFIED);
    EXPECT_EQ(fr_update_next(FR_PHASE_IDLE, FR_EVENTS), FR_PHASE_UNSPECIFIED);
}

}  // namespace
}  // namespace frugal::test
