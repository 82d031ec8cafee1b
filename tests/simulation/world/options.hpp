// SPDX-License-Identifier: Apache-2.0
// What a seed means: the size of the site, the weather on its links, which kinds of faults happen
// at all (each seed turns kinds on and off entirely), and the story its operator plays. A plain
// value, made from the seed and printed with every failure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace frugal::simulation {

enum class FaultKind : std::uint8_t {
    kClog,           ///< one direction of one device's link delivers nothing for a while
    kFlap,           ///< one device's session breaks
    kHalfOpen,       ///< the broker forgets a session, the device does not notice
    kBrokerRestart,  ///< all sessions and everything under way are gone
    kGatewayKill,    ///< the process dies between two events; the page cache survives
    kPowerLoss,      ///< the machine dies: what was not synced is lost, torn or kept
    kCrashBeforeCommit,
    kCrashInCommit,     ///< at some write or sync inside a commit
    kCrashAfterCommit,  ///< durable, but nothing of what waited for it went out
    kCrashHalfEffects,  ///< only some of what waited for it went out
    kSyncError,
    kWriteError,
    kReadError,
    kDiskFull,
    kAmnesia,       ///< the database is replaced by an older backup
    kPowerCut,      ///< a device loses power at some flash operation
    kReboot,        ///< a device resets between two calls
    kBootLoop,      ///< a device resets again and again inside its probation
    kWipe,          ///< a device's storage is replaced
    kClone,         ///< a second device with the same identity and a copy of the storage
    kDrought,       ///< a device is cut off until its ring overflows
    kEvilManifest,  ///< the broker alters signed manifests or plays back old ones
    kEvilChunk,     ///< the broker alters blocks
    kReplay,        ///< the broker plays back old messages
    kGarbage,       ///< a device sends what is no message
    kImpostor,      ///< a device's hello names another one
    kClockJump,     ///< the gateway's wall clock jumps
    kSlowEdge,      ///< the edge model takes long, or fails
    kHungEdge,      ///< the edge model does not come back for long
    kLostFlush,     ///< a flush fails, the process is killed, later the machine loses power
    kEvilPolicy,    ///< the broker alters policies, plays back old ones or makes its own
};
inline constexpr std::size_t kFaultKinds = 31;
std::string_view to_string(FaultKind kind);

/// A bug built into the world on purpose, to show that its checker finds it.
enum class Plant : std::uint8_t {
    kNone,
    kAckBeforeCommit,   ///< I3, I1
    kLazySync,          ///< as if synchronous were NORMAL: I1
    kSameStream,        ///< a wiped device keeps its stream id: I2
    kStoreTwice,        ///< a batch's decisions are written twice: I2
    kUndeclaredDrops,   ///< overflow is hidden from the gateway: I4
    kRawAtRest,         ///< escalated input reaches the disk: I5
    kBrickedSlots,      ///< both slots are damaged in an update: I6
    kBlindSignatures,   ///< a device takes any signature: I7
    kEarlyBurn,         ///< the counter is burned at the switch: I8
    kEraseConfirmed,    ///< an update erases the running model: I9
    kOffersAfterAbort,  ///< I10
    kForgetfulStaging,  ///< a reboot loses all blocks: I11
    kForeignRows,       ///< one device's decisions are stored as another's: I13
    kNoReconnect,       ///< devices never come back: I18
    kModestHello,       ///< hellos arrive with half the arena: I24
    kAnyPolicy,         ///< a device takes any policy's signature: I26
    kObeyedShadow,      ///< a policy to evaluate is sent as the one to obey: I27
    kStickyCandidate,   ///< devices are not told of any policy after the first few: I27
    kWiderShare,        ///< a staged policy is sent to a quarter more of the devices: I27
    kKeptShadow,        ///< devices are not told that a policy is in the shadow no more: I27
    kStrayOverride,     ///< a policy of one device alone is sent to the others: I27
    kLostOverride,      ///< a device with a policy of its own is sent its class's: I27
    kForgetsFloor,      ///< a device forgets at a boot which policies it had accepted: I27
    kOversleeps,        ///< a device wakes late for its own deadlines: I25
    kFreezes,           ///< a device that waits for an answer does nothing any more: I25
    kBrickedOnlySlot,   ///< the confirmed model of a device with one slot is damaged: I6
    kStarvedAfterLoss,  ///< a device that lost its model gets no blocks: I18
    kUnprovenFinish,    ///< a staged version goes on although nobody can prove it: I28
    kOnePrice,          ///< a device takes an ack's price for that of all its tasks: I29
    kStaleAlarm,        ///< an alarm of old evidence passes for one of now: I30
    kAnyTable,          ///< nobody looks at the model that a policy is for: I32
    kForgottenBytes,    ///< encodings that come late are stored without their bytes: I33
    kMixedEncodings,    ///< encodings that come late are stored with another variant: I33
};
std::string_view to_string(Plant plant);
std::vector<Plant> all_plants();
std::string_view invariant_of(Plant plant);  ///< the one that must report it

struct Options {
    std::uint64_t seed = 0;
    std::uint32_t devices = 2;
    std::uint32_t large_devices = 0;  ///< of them with the larger models
    std::array<bool, kFaultKinds> faults{};
    std::uint32_t loss_permille = 0;
    std::uint32_t duplicate_permille = 0;
    base::Duration latency_min{0};
    base::Duration latency_max{0};
    base::Duration safety{0};          ///< how long faults go on
    base::Duration fault_interval{0};  ///< mean time between two faults
    base::Duration sample_interval{0};
    std::uint32_t decision_sectors = 3;
    std::uint32_t sector_bytes = 1024;
    std::uint32_t fetch_credit = 8;
    std::uint32_t batch_rows = 4096;
    std::uint32_t queue_limit = 256;
    std::uint32_t shared_devices = 3;
    std::uint32_t audit = 32;  ///< escalations in 1/256
    base::Duration commit_latency_max{0};
    bool has_bad_release = false;
    bool has_abort = false;
    bool has_rollback = false;
    bool has_revocation = false;
    bool has_enrolment = false;
    bool has_staged_policies = false;  ///< somebody stages and takes back policies at random
    bool has_overrides = false;     ///< and gives single devices and labels policies of their own
    bool has_pinned_fleet = false;  ///< and to all of a class, or of all, before one is staged
    bool has_alarms = false;       ///< the learner raises alarms at random, of old and new evidence
    bool has_second_task = false;  ///< devices decide another task too, without a model so far
    bool has_variants = false;     ///< releases hold several variants a class, devices are mixed
    bool has_one_slot = false;     ///< every other small device has one slot; releases are tuned
    bool has_late_deltas = false;  ///< releases are tuned, their deltas come after the import
    Plant plant = Plant::kNone;

    bool has(FaultKind kind) const { return faults[static_cast<std::size_t>(kind)]; }
    void set(FaultKind kind, bool is_on) { faults[static_cast<std::size_t>(kind)] = is_on; }
};

Options options_of_seed(std::uint64_t seed);
/// No faults, perfect links: what a world must do at least.
Options calm_options(std::uint64_t seed);
/// Few faults of the kinds that make this bug show.
Options planted_options(std::uint64_t seed, Plant plant);

std::string describe(const Options& options);

}  // namespace frugal::simulation
