// SPDX-License-Identifier: Apache-2.0
// The closed enumerations of the wire as core types, numerically equal to frugal/v1/common.proto,
// and the words, cause and remedy people are shown. Plain values, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace frugal::core {

/// Why something was refused, failed or waits.
enum class Reason : std::uint8_t {
    kNone = 0,
    kNoSpace = 1,
    kNoSlot = 2,
    kUnfitArena = 3,
    kUnfitOps = 4,
    kUnfitIo = 5,
    kUnfitRuntime = 6,
    kBadSignature = 7,
    kBadDigest = 8,
    kBadBlock = 9,
    kDowngrade = 10,
    kBaseMissing = 11,
    kBatteryLow = 12,
    kWindowClosed = 13,
    kLinkPoor = 14,
    kSelfTestFailed = 15,
    kShadowDisagrees = 16,
    kProbationFailed = 17,
    kWatchdog = 18,
    kStorageFault = 19,
    kTimedOut = 20,
    kSuperseded = 21,
    kAsleep = 22,
    kUnreachable = 23,
    kQuarantined = 24,
    kUnfitEnergy = 25,
};
inline constexpr std::uint32_t kReasonLast = 25;

/// States of the update machine on the device.
enum class UpdatePhase : std::uint8_t {
    kUnspecified = 0,
    kIdle = 1,
    kOffered = 2,
    kRefused = 3,
    kTransfer = 4,
    kStaged = 5,
    kWaiting = 6,
    kSelfTest = 7,
    kShadow = 8,
    kProbation = 9,
    kConfirmed = 10,
    kReverted = 11,
    kQuarantined = 12,
};
inline constexpr std::uint32_t kUpdatePhaseLast = 12;

/// Where a decision was made.
enum class Tier : std::uint8_t { kUnspecified = 0, kLocal = 1, kEdge = 2, kCloud = 3 };
inline constexpr std::uint32_t kTierLast = 3;

/// Why the policy kept a task local or sent it up.
enum class PolicyReason : std::uint8_t {
    kUnspecified = 0,
    kLocalConfidence = 1,
    kPrivate = 2,
    kGuard = 3,
    kNoLink = 4,
    kDeadline = 5,
    kBudget = 6,
    kExpired = 7,
    kBadPolicy = 8,
    kClassRule = 9,
    kEscalateGain = 10,
    kAudit = 11,
    kEscalateRule = 12,
    kBusyRetry = 13,
    kLate = 14,
    kShadow = 15,
};
inline constexpr std::uint32_t kPolicyReasonLast = 15;

/// The word of the wire contract: "NO_SPACE"; empty for kNone.
std::string_view to_string(Reason reason);
/// One sentence: why this happens.
std::string_view cause_of(Reason reason);
/// One sentence: what a person can do about it.
std::string_view remedy_of(Reason reason);

std::string_view to_string(UpdatePhase phase);    ///< "TRANSFER"
std::string_view to_string(Tier tier);            ///< "LOCAL"
std::string_view to_string(PolicyReason reason);  ///< "LOCAL_CONF"

}  // namespace frugal::core
