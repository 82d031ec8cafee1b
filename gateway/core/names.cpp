// SPDX-License-Identifier: Apache-2.0
// The words of the core's own enumerations, as the API, the database and the log show them.
#include <array>

#include "core/admin.hpp"
#include "core/effect.hpp"
#include "core/message.hpp"
#include "core/record.hpp"

namespace frugal::core {

namespace {

template <std::size_t size, typename Enum>
std::string_view at(const std::array<std::string_view, size>& words, Enum value) {
    const auto index = static_cast<std::size_t>(value);
    return index < size ? words[index] : std::string_view("unknown");
}

}  // namespace

std::string_view to_string(UpKind kind) {
    static constexpr std::array<std::string_view, 7> kWords = {
        "hello", "decisions", "fetch", "report", "escalate", "health", "bye"};
    return at(kWords, kind);
}

std::string_view to_string(DownKind kind) {
    static constexpr std::array<std::string_view, 4> kWords = {"desired", "ack", "verdict",
                                                               "probe"};
    return at(kWords, kind);
}

std::string_view to_string(DeviceState state) {
    static constexpr std::array<std::string_view, 5> kWords = {"unknown", "registered", "enrolled",
                                                               "revoked", "quarantined"};
    return at(kWords, state);
}

std::string_view to_string(GapKind kind) {
    static constexpr std::array<std::string_view, 3> kWords = {"unknown", "declared", "amnesia"};
    return at(kWords, kind);
}

std::string_view to_string(TaskPrivacy privacy) {
    static constexpr std::array<std::string_view, 3> kWords = {"public", "edge-only", "never"};
    return at(kWords, privacy);
}

std::string_view to_string(RolloutStatus status) {
    static constexpr std::array<std::string_view, 5> kWords = {"unknown", "running", "finished",
                                                               "aborted", "rolled-back"};
    return at(kWords, status);
}

std::string_view to_string(RolloutState state) {
    static constexpr std::array<std::string_view, kRolloutStateLast + 1> kWords = {
        "unknown",   "pending", "offered",  "transferring", "staged",      "probation",
        "confirmed", "refused", "reverted", "quarantined",  "unreachable", "cancelled"};
    return at(kWords, state);
}

std::string_view to_string(IncidentKind kind) {
    static constexpr std::array<std::string_view, 8> kWords = {
        "unknown",          "equivocation", "foreign-identity", "epoch-regression",
        "too-many-streams", "malformed",    "epoch-raised",     "private-input"};
    return at(kWords, kind);
}

std::string_view to_string(Presence presence) {
    static constexpr std::array<std::string_view, 6> kWords = {"unknown", "never-seen", "online",
                                                               "asleep",  "offline",    "silent"};
    return at(kWords, presence);
}

std::string_view to_string(Priority priority) {
    static constexpr std::array<std::string_view, kPriorities> kWords = {"urgent", "normal",
                                                                         "background", "audit"};
    return at(kWords, priority);
}

std::string_view to_string(BusyCause cause) {
    static constexpr std::array<std::string_view, kBusyCauses> kWords = {
        "no-time", "full", "others-turn", "standing-queue", "budget", "edge-down"};
    return at(kWords, cause);
}

std::string_view to_string(LogEvent event) {
    static constexpr std::array<std::string_view, 23> kWords = {
        "core.started",       "link.up",           "link.down",         "device.first-seen",
        "device.unknown",     "device.denied",     "message.malformed", "incident",
        "decision.gap",       "update.refused",    "update.reverted",   "rollout.started",
        "rollout.ended",      "inference.failed",  "cloud.failed",      "inference.hung",
        "certificate.failed", "revocation.failed", "intake.shed",       "core.reopened",
        "policy.alarm",       "policy.ahead",      "policy.not-bound"};
    return at(kWords, event);
}

std::string_view to_string(PolicyOrigin origin) {
    static constexpr std::array<std::string_view, 5> kWords = {"unknown", "authored", "learned",
                                                               "reverted", "withdrawn"};
    return at(kWords, origin);
}

std::string_view to_string(PolicyRolloutStatus status) {
    static constexpr std::array<std::string_view, 5> kWords = {"unknown", "running", "halted",
                                                               "finished", "aborted"};
    return at(kWords, status);
}

std::string_view to_string(PolicyHalt halt) {
    static constexpr std::array<std::string_view, 6> kWords = {
        "none", "deadline-misses", "escalations", "energy", "alarm", "out-of-reach"};
    return at(kWords, halt);
}

}  // namespace frugal::core
