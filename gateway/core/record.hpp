// SPDX-License-Identifier: Apache-2.0
// What the gateway keeps: one struct per kind of row, used by the core in memory, by Write on its
// way to the disk and by Snapshot on its way back. Plain values. Wall times are labels for people.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/audience.hpp"
#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "core/message.hpp"
#include "core/numbers.hpp"
#include "core/priority.hpp"
#include "core/signed_blob.hpp"

namespace frugal::core {

inline constexpr std::size_t kDecisionWindow = 64;  ///< FR_DECISION_WINDOW
inline constexpr std::size_t kTasksMax = 2;         ///< FR_TASKS_MAX

enum class DeviceState : std::uint8_t {
    kRegistered = 1,   ///< added, waits for its certificate
    kEnrolled = 2,     ///< has a certificate; served
    kRevoked = 3,      ///< nothing of it is accepted any more
    kQuarantined = 4,  ///< it contradicted itself: heard, but nothing accepted, nothing offered
};
std::string_view to_string(DeviceState state);  ///< "enrolled"

struct CertificateRecord {
    std::array<std::uint8_t, 16> serial{};
    base::WallTime not_after{};
    bool operator==(const CertificateRecord&) const = default;
};

/// A one-time code that opens enrolment; counted in process time, never by the wall clock.
struct ClaimRecord {
    base::Digest code_sha256{};
    base::Duration time_to_live{0};  ///< starts again with the process
    std::uint32_t attempts_left = 0;
    bool operator==(const ClaimRecord&) const = default;
};

/// What one device should run for one task.
struct Assignment {
    std::uint32_t task = 0;
    base::RolloutId rollout{};
    ReleaseNumber release{};
    bool operator==(const Assignment&) const = default;
};

struct DeviceRecord {
    DeviceNumber number{};
    base::DeviceId id;
    std::string label{};
    DeviceState state = DeviceState::kRegistered;
    std::optional<ClaimRecord> claim{};
    std::optional<CertificateRecord> certificate{};
    std::uint32_t desired_version = 0;
    std::vector<Assignment> assignments{};  ///< by ascending task, at most kTasksMax
    std::optional<Capability> capability{};
    std::vector<TaskState> reported{};  ///< of the last hello
    std::uint32_t reported_version = 0;
    base::WallTime added_at{};
    base::WallTime revoked_at{};
    bool is_kick_pending = false;  ///< revoked, but not known that its connection is closed
    bool operator==(const DeviceRecord&) const = default;
};

/// One device's decision stream: everything below next_sequence is stored or declared lost.
struct StreamRecord {
    StreamNumber number{};
    DeviceNumber device{};
    base::StreamId id{};
    std::uint32_t boot_epoch = 0;
    std::uint64_t next_sequence = 0;
    std::uint64_t accepted = 0;   ///< rows stored
    std::uint64_t lost = 0;       ///< decisions in gaps
    std::uint32_t gap_count = 0;  ///< rows in the gap ledger
    /// Hash of decision n at n % kDecisionWindow; 0 where none is remembered.
    std::array<std::uint32_t, kDecisionWindow> hashes{};
    bool operator==(const StreamRecord&) const = default;
};

enum class GapKind : std::uint8_t {
    kDeclared = 1,  ///< the device said that its ring overflowed
    kAmnesia = 2,   ///< acknowledged once, but not in this database: restored from a backup
};
std::string_view to_string(GapKind kind);  ///< "declared"

/// Decisions [from, until) of a stream that will never be rows.
struct GapRecord {
    StreamNumber stream{};
    GapKind kind = GapKind::kDeclared;
    std::uint64_t from = 0;
    std::uint64_t until = 0;
    base::WallTime noted_at{};
    bool operator==(const GapRecord&) const = default;
};

/// Decisions to append, all columns of `decisions` valid. One row each.
struct DecisionRun {
    StreamNumber stream{};
    DeviceNumber device{};
    base::WallTime received_at{};
    Decisions decisions;
};

enum class TaskPrivacy : std::uint8_t {
    kPublic = 0,    ///< inputs may go anywhere the policy says
    kEdgeOnly = 1,  ///< inputs may reach this gateway, nobody else
    kNever = 2,     ///< inputs never leave the device: escalations are refused
};
std::string_view to_string(TaskPrivacy privacy);  ///< "edge-only"

struct TaskRecord {
    std::uint32_t task = 0;
    std::string name{};
    std::vector<std::string> labels{};  ///< class names by class id
    TaskPrivacy privacy = TaskPrivacy::kPublic;
    Priority priority = Priority::kNormal;   ///< of its escalations; never kAudit
    std::uint32_t group_share_permille = 0;  ///< of a group's decisions may escalate; 0: no limit
    bool operator==(const TaskRecord&) const = default;
};

/// One encoding of a variant for one profile of the codec, cut for one block size.
struct ArtifactRecord {
    base::Digest digest{};
    std::uint32_t size_bytes = 0;
    std::uint32_t block_bytes = 0;
    base::Digest list_digest{};
    std::optional<base::Digest> base_digest{};  ///< of the model a delta needs; absent: full
    std::uint32_t decoder_profile = 0;
    std::uint32_t decoder_ram_bytes = 0;
    std::uint32_t base_lag_bytes = 0;  ///< how far behind its output a delta reads its base
    bool operator==(const ArtifactRecord&) const = default;
};

/// The built form of a release for one device class ("any" fits all).
struct VariantRecord {
    ManifestPointer manifest{};
    std::vector<ArtifactRecord> artifacts{};
    std::uint32_t stripped_bytes = 0;  ///< the model without what no interpreter reads; 0: unknown
};

/// One more encoding of a variant that is stored already.
struct ArtifactAdded {
    ReleaseNumber release{};
    std::uint32_t variant = 0;   ///< its place in the release
    std::uint32_t position = 0;  ///< its own among the variant's
    ArtifactRecord artifact;
};

struct ReleaseRecord {
    ReleaseNumber number{};
    base::ModelName model;
    std::uint32_t release = 0;  ///< the number people see
    std::uint32_t counter = 0;  ///< anti-rollback counter of all its manifests
    std::uint32_t task = 0;
    std::uint64_t source_bytes = 0;  ///< size of the .tflite it came from
    std::optional<ReleaseNumber>
        restores{};      ///< a permit to go back: the release whose models it names
    std::string note{};  ///< how it was compressed, for people
    base::WallTime imported_at{};
    std::vector<VariantRecord> variants{};
    SignedPointer statement{};  ///< of a bundle: what its author signed; null if this site signed
};

enum class BlobKind : std::uint8_t {
    kArtifact = 1,   ///< what travels
    kModel = 2,      ///< decoded model of a device class
    kSource = 3,     ///< .tflite as uploaded
    kEdgeModel = 4,  ///< .tflite that answers escalations
};

/// Content-addressed bytes.
struct BlobRecord {
    base::Digest digest{};
    BlobKind kind = BlobKind::kArtifact;
    std::shared_ptr<const base::Bytes> bytes{};
};

struct EdgeModelRecord {
    std::uint32_t task = 0;
    base::Digest digest{};
    std::string name{};
    std::uint32_t input_bytes = 0;
    bool operator==(const EdgeModelRecord&) const = default;
};

/// The signed compiled policy of one device class ("any" fits all); it names its own tasks.
struct PolicyRecord {
    base::ClassName device_class;
    std::uint32_t task = 0;
    std::uint32_t policy = 0;  ///< the id devices report
    SignedPointer blob{};
    std::uint32_t group_share_permille = 0;  ///< as the task's; 0: the policy states none
    base::Audience audience{};               ///< not a whole class: an override
    /// What the override's devices obey without it, until a newer version reaches them anyhow.
    bool is_withdrawn = false;
};

/// An override that is over, and whose devices have had a newer version since.
struct PolicyRecordDropped {
    std::uint32_t task = 0;
    base::ClassName device_class;
    base::Audience audience{};
};

enum class RolloutStatus : std::uint8_t {
    kRunning = 1,
    kFinished = 2,    ///< every device reached a final state
    kAborted = 3,     ///< stopped by a person; devices keep what they confirmed
    kRolledBack = 4,  ///< another rollout takes its devices back
};
std::string_view to_string(RolloutStatus status);  ///< "running"

enum class RolloutTarget : std::uint8_t {
    kAll = 1,     ///< every enrolled device, those enrolled later too
    kListed = 2,  ///< the devices named at the start
};

struct RolloutRecord {
    base::RolloutId id{};
    ReleaseNumber release{};
    std::uint32_t task = 0;
    RolloutTarget target = RolloutTarget::kAll;
    RolloutStatus status = RolloutStatus::kRunning;
    std::optional<base::RolloutId> undoes{};
    std::string actor{};
    base::WallTime started_at{};
    base::WallTime ended_at{};
    bool operator==(const RolloutRecord&) const = default;
};

/// Where one device stands in one rollout.
enum class RolloutState : std::uint8_t {
    kPending = 1,       ///< not offered yet
    kOffered = 2,       ///< told, has not answered
    kTransferring = 3,  ///< pulls blocks
    kStaged = 4,        ///< complete on the device; waits, or tests itself
    kProbation = 5,     ///< runs the model, not yet confirmed
    kConfirmed = 6,     ///< made its first decisions with it
    kRefused = 7,       ///< does not fit, or the device said no before block 0
    kReverted = 8,      ///< tried and went back
    kQuarantined = 9,   ///< too many attempts
    kUnreachable = 10,  ///< not heard of in time; joins again when it speaks
    kCancelled = 11,    ///< aborted, superseded or revoked
};
inline constexpr std::uint32_t kRolloutStateLast = 11;
std::string_view to_string(RolloutState state);  ///< "pending"

struct RolloutDeviceRecord {
    base::RolloutId rollout{};
    DeviceNumber device{};
    RolloutState state = RolloutState::kPending;
    Reason reason = Reason::kNone;
    std::uint32_t detail = 0;  ///< reason specific, see Report
    std::uint32_t attempt = 0;
    std::uint32_t blocks_held = 0;
    base::WallTime changed_at{};
    bool operator==(const RolloutDeviceRecord&) const = default;
};

/// One link of the audit chain: hash = SHA-256 over the previous hash and all fields.
struct AuditRecord {
    std::uint64_t number = 0;
    base::WallTime at{};
    std::string actor{};
    std::string action{};   ///< "device.revoke"
    std::string subject{};  ///< "sensor-7"
    std::string detail{};
    base::Digest previous{};
    base::Digest hash{};
    bool operator==(const AuditRecord&) const = default;
};

enum class IncidentKind : std::uint8_t {
    kEquivocation = 1,     ///< two different decisions with one sequence number
    kForeignIdentity = 2,  ///< hello names another device than its topic
    kEpochRegression = 3,  ///< boot epoch went down within a stream
    kTooManyStreams = 4,
    kMalformed = 5,     ///< messages that break the wire contract
    kEpochRaised = 6,   ///< a device obeyed a higher fencing epoch than ours
    kPrivateInput = 7,  ///< input escalated for a task whose inputs never leave the device
};
std::string_view to_string(IncidentKind kind);  ///< "equivocation"

struct IncidentRecord {
    DeviceNumber device{};
    IncidentKind kind = IncidentKind::kEquivocation;
    std::string detail{};
    base::WallTime at{};
    bool operator==(const IncidentRecord&) const = default;
};

}  // namespace frugal::core
