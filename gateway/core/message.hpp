// SPDX-License-Identifier: Apache-2.0
// Every message of the device protocol as plain structs, decoded and range-checked by gateway/wire.
// The device a message comes from or goes to is never in here: it is the topic's. Plain values,
// any thread; Escalate is move-only because of its features.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "core/features.hpp"
#include "core/reason.hpp"
#include "core/signed_blob.hpp"

namespace frugal::core {

inline constexpr std::size_t kDecisionBatchMax = 16;  ///< FR_DECISION_BATCH_MAX
inline constexpr std::size_t kEnergyUses = 4;         ///< FR_USES

// Up ------------------------------------------------------------------------------------------

struct Capability {
    base::ClassName device_class;
    std::uint32_t runtime_abi = 0;
    std::uint32_t arena_bytes = 0;
    std::uint32_t slot_bytes = 0;
    std::uint32_t staging_bytes = 0;
    std::uint32_t block_bytes = 0;
    std::uint32_t decoder_ram_bytes = 0;
    std::uint32_t decoder_profiles = 0;      ///< bit n: profile n can be decoded
    std::vector<std::uint32_t> operators{};  ///< builtin operator code * 256 + highest version
    std::uint32_t features_bytes_max = 0;
    std::uint32_t slots = 2;        ///< of each task: 2 (or 0), or 1 that is rewritten in place
    std::uint32_t reach_bytes = 0;  ///< one slot: how far behind its output a delta may read

    /// A device that says nothing was built when all had two.
    bool has_one_slot() const { return slots == 1; }
    bool operator==(const Capability&) const = default;
};

struct TaskState {
    std::uint32_t task = 0;
    std::uint32_t release = 0;  ///< release counter of the model that runs; 0 for none
    std::optional<base::Digest> model_digest{};
    UpdatePhase phase = UpdatePhase::kUnspecified;
    Reason reason = Reason::kNone;
    std::uint32_t policy = 0;
    std::uint32_t burned_counter = 0;
    std::optional<base::Digest> other_digest{};
    std::uint32_t state_bytes = 0;     ///< memory for what a streaming model of the task keeps
    std::uint32_t input_bytes = 0;     ///< of the task's input tensor; 0: not told
    std::uint32_t output_classes = 0;  ///< of its output tensor; 0: not told
    std::uint32_t policy_floor = 0;    ///< no lower policy is accepted; 0: not told, and not stored
    bool operator==(const TaskState&) const = default;
};

struct ResumePoint {
    base::Digest artifact{};
    std::uint32_t blocks_held = 0;
    bool operator==(const ResumePoint&) const = default;
};

struct Hello {
    std::uint32_t protocol = 0;
    std::string device{};  ///< as claimed; the core compares it with the topic's
    base::StreamId stream{};
    std::uint32_t boot_epoch = 0;
    std::uint64_t next_sequence = 0;
    std::uint64_t oldest_sequence = 0;
    std::uint64_t fencing_epoch = 0;
    std::uint32_t desired_version = 0;
    Capability capability;
    std::vector<TaskState> tasks{};  ///< by ascending task
    std::optional<ResumePoint> resume{};
    bool operator==(const Hello&) const = default;
};

/// Consecutive decisions of one stream and one task; the first `count` entries of each column.
struct Decisions {
    base::StreamId stream{};
    std::uint64_t first_sequence = 0;
    std::optional<std::uint64_t> dropped_from{};
    std::uint32_t boot_epoch = 0;
    std::uint32_t task = 0;
    std::uint32_t release = 0;
    std::uint32_t energy_uj = 0;
    std::uint32_t count = 0;
    std::array<std::uint32_t, kDecisionBatchMax> ticks{};  ///< since boot, FR_TIME_TICK_MS each
    std::array<std::uint8_t, kDecisionBatchMax> classes{};
    std::array<std::uint8_t, kDecisionBatchMax> confidences{};  ///< q8 (the wire carries 255 - q8)
    std::array<std::uint8_t, kDecisionBatchMax> outcomes{};     ///< tier * 16 + policy reason
    bool operator==(const Decisions&) const = default;
};

struct Fetch {
    base::Digest artifact{};
    std::uint32_t base_block = 0;
    std::uint64_t missing = 0;
    std::uint32_t credit = 0;
    bool operator==(const Fetch&) const = default;
};

struct Report {
    std::uint32_t task = 0;
    std::uint32_t desired_version = 0;
    std::uint32_t release = 0;
    UpdatePhase phase = UpdatePhase::kUnspecified;
    Reason reason = Reason::kNone;
    std::uint32_t attempt = 0;
    std::uint32_t blocks_held = 0;
    std::uint32_t detail = 0;
    bool operator==(const Report&) const = default;
};

struct Escalate {
    base::StreamId stream{};
    std::uint64_t sequence = 0;
    std::uint32_t task = 0;
    std::uint32_t deadline_ms = 0;
    std::uint32_t release = 0;
    std::uint32_t local_class = 0;
    std::uint8_t local_confidence = 0;
    PolicyReason policy_reason = PolicyReason::kUnspecified;
    bool may_go_on = false;  ///< policy and privacy let it leave the site
    Features features{};
};

/// What the policies of one task do on a device.
struct TaskHealth {
    std::uint32_t task = 0;
    std::uint32_t policy = 0;                     ///< id in force; 0: none
    std::uint32_t shadow = 0;                     ///< id evaluated beside it; 0: none
    std::vector<std::uint32_t> shadow_reasons{};  ///< would-be answers by PolicyReason
    std::uint32_t shadow_differs = 0;             ///< of them with another tier
    bool operator==(const TaskHealth&) const = default;
};

/// One of the last answers of a device's policy, as it travels in health.
struct RecentAnswer {
    std::uint16_t sequence = 0;  ///< low bits of its decision's number
    std::uint8_t outcome = 0;    ///< tier * 16 + policy reason
    std::uint8_t confidence = 0;
    std::uint8_t gain = 0;  ///< q8; with reason kGuard the guard's number
    std::uint8_t class_id = 0;
    std::uint16_t price = 0;  ///< q8
    bool operator==(const RecentAnswer&) const = default;
};

struct Health {
    base::StreamId stream{};
    std::uint32_t boot_epoch = 0;
    std::uint32_t uptime_ticks = 0;
    std::uint32_t battery_half_percent = 0;
    std::uint32_t resets = 0;
    std::uint32_t dropped = 0;
    std::uint64_t energy_uj = 0;
    std::uint64_t energy_avoided_uj = 0;
    std::uint64_t raw_bytes_avoided = 0;
    std::uint32_t inferences = 0;
    std::uint32_t escalations = 0;
    std::uint32_t late_verdicts = 0;
    std::uint32_t busy_verdicts = 0;
    std::vector<std::uint32_t> policy_reasons{};  ///< count by PolicyReason
    /// By EnergyUse, as raw_*; see EnergyCounters. The sum of use_uj is at most energy_uj.
    std::array<std::uint64_t, kEnergyUses> use_uj{};
    std::array<std::uint64_t, kEnergyUses> use_bytes{};
    std::uint64_t raw_uj = 0;
    std::uint64_t raw_bytes = 0;
    std::vector<TaskHealth> tasks{};     ///< by ascending task
    std::vector<RecentAnswer> recent{};  ///< oldest first, at most FR_RECENT_VERDICTS
    bool operator==(const Health&) const = default;
};

struct Bye {
    base::StreamId stream{};
    std::uint32_t next_wake_s = 0;  ///< 0: unknown
    bool unexpected = false;        ///< the will, sent by the broker
    bool operator==(const Bye&) const = default;
};

using UpMessage = std::variant<Hello, Decisions, Fetch, Report, Escalate, Health, Bye>;

/// The kinds of UpMessage in the order of its alternatives; also the last level of the topic.
enum class UpKind : std::uint8_t { kHello, kDecisions, kFetch, kReport, kEscalate, kHealth, kBye };
std::string_view to_string(UpKind kind);  ///< "hello"

// Down ----------------------------------------------------------------------------------------

struct ArtifactOffer {
    base::Digest digest{};
    std::uint32_t size_bytes = 0;
    std::uint32_t block_bytes = 0;
    base::Digest list_digest{};
    std::optional<base::Digest> base_digest{};
    std::uint32_t decoder_profile = 0;
    std::uint32_t decoder_ram_bytes = 0;
    std::uint32_t base_lag_bytes = 0;  ///< how far behind its output a delta reads its base
    bool operator==(const ArtifactOffer&) const = default;
};

struct TaskDesired {
    std::uint32_t task = 0;
    ManifestPointer manifest{};  ///< null: no model wished for this task
    std::optional<ArtifactOffer> artifact{};
    SignedPointer policy{};  ///< null: none
    std::uint32_t minimum_battery_half_percent = 0;
    std::uint32_t not_before_ticks = 0;
    SignedPointer shadow{};  ///< a policy to evaluate, not to obey; null: none
};

struct Desired {
    std::uint64_t fencing_epoch = 0;
    std::uint32_t version = 0;
    std::vector<TaskDesired> tasks{};  ///< by ascending task
};

/// What an escalation of one task costs, q8; 255: send nothing of it.
struct TaskPrice {
    std::uint32_t task = 0;
    std::uint8_t price = 0;
    bool operator==(const TaskPrice&) const = default;
};

struct Ack {
    base::StreamId stream{};
    std::uint64_t next_sequence = 0;
    std::uint64_t fencing_epoch = 0;
    std::uint8_t price = 0;  ///< of every task not named in `dearer`
    std::uint8_t load = 0;
    std::uint32_t credit = 0;
    std::vector<TaskPrice> dearer{};  ///< by ascending task
    bool operator==(const Ack&) const = default;
};

enum class VerdictStatus : std::uint8_t {
    kUnspecified = 0,
    kAnswered = 1,
    kBusy = 2,
    kRefused = 3
};
inline constexpr std::uint32_t kVerdictStatusLast = 3;

struct Verdict {
    base::StreamId stream{};
    std::uint64_t sequence = 0;
    VerdictStatus status = VerdictStatus::kUnspecified;
    std::uint32_t class_id = 0;
    std::uint8_t confidence = 0;
    Tier tier = Tier::kUnspecified;
    std::uint8_t price = 0;  ///< of the task it answers
    std::uint8_t load = 0;
    std::uint32_t retry_after_ms = 0;  ///< for that task
    std::uint32_t edge_model = 0;
    bool operator==(const Verdict&) const = default;
};

enum class ProbeKind : std::uint8_t { kUnspecified = 0, kHello = 1, kHealth = 2 };

struct Probe {
    ProbeKind kind = ProbeKind::kUnspecified;
    bool operator==(const Probe&) const = default;
};

/// All but chunks: those carry artifact bytes, which the core never holds (see SendBlocks).
using DownMessage = std::variant<Desired, Ack, Verdict, Probe>;

/// The kinds of DownMessage in the order of its alternatives.
enum class DownKind : std::uint8_t { kDesired, kAck, kVerdict, kProbe };
std::string_view to_string(DownKind kind);  ///< "desired"

}  // namespace frugal::core
