// SPDX-License-Identifier: Apache-2.0
#include "device-sim/fleet/statistics.hpp"

namespace frugal::swarm {
namespace {

constexpr std::array<const char*, FR_UP_KINDS> kUpKinds = {
    "hello", "decisions", "fetch", "report", "escalate", "health", "bye"};
constexpr std::array<const char*, FR_DOWN_KINDS> kDownKinds = {"desired", "chunk", "ack",
                                                               "verdict", "probe", "shared_chunk"};
constexpr std::array kReasons = {"NONE",
                                 "NO_SPACE",
                                 "NO_SLOT",
                                 "UNFIT_ARENA",
                                 "UNFIT_OPS",
                                 "UNFIT_IO",
                                 "UNFIT_RUNTIME",
                                 "BAD_SIGNATURE",
                                 "BAD_DIGEST",
                                 "BAD_BLOCK",
                                 "DOWNGRADE",
                                 "BASE_MISSING",
                                 "BATTERY_LOW",
                                 "WINDOW_CLOSED",
                                 "LINK_POOR",
                                 "SELF_TEST_FAILED",
                                 "SHADOW_DISAGREES",
                                 "PROBATION_FAILED",
                                 "WATCHDOG",
                                 "STORAGE_FAULT",
                                 "TIMED_OUT",
                                 "SUPERSEDED",
                                 "ASLEEP",
                                 "UNREACHABLE",
                                 "QUARANTINED",
                                 "UNFIT_ENERGY"};
constexpr std::array<const char*, FR_PHASES> kPhases = {
    "UNSPECIFIED", "IDLE",   "OFFERED",   "REFUSED",   "TRANSFER", "STAGED",     "WAITING",
    "SELF_TEST",   "SHADOW", "PROBATION", "CONFIRMED", "REVERTED", "QUARANTINED"};

}  // namespace

const char* up_kind_name(fr_up_kind_t kind) {
    return kUpKinds[kind];
}
const char* down_kind_name(fr_down_kind_t kind) {
    return kDownKinds[kind];
}
const char* reason_name(std::uint32_t reason) {
    return reason < kReasons.size() ? kReasons[reason] : "UNKNOWN";
}
const char* phase_name(std::uint32_t phase) {
    return phase < kPhases.size() ? kPhases[phase] : "UNKNOWN";
}

}  // namespace frugal::swarm
