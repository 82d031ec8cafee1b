// SPDX-License-Identifier: Apache-2.0
// What people and scripts may ask of the core, and what it answers. Changes are audited in the same
// transaction and answered after it is durable; questions are answered from memory. Plain values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/energy.hpp"
#include "core/offload/escalation_statistics.hpp"
#include "core/offload/learning.hpp"
#include "core/offload/policy_admin.hpp"
#include "core/record.hpp"
#include "core/rollout/encoding_admin.hpp"

namespace frugal::core {

// Changes -------------------------------------------------------------------------------------

struct AddDevice {
    base::DeviceId device;
    std::string label{};
    base::Digest claim_code_sha256{};
    base::Duration claim_time_to_live{0};
};

/// Presents a claim code and asks for a certificate. Answered by CertificateIssued.
struct EnrolDevice {
    base::DeviceId device;
    base::Digest claim_code_sha256{};
    base::Bytes request_der{};  ///< PKCS#10; DER or PEM
};

/// Answered by Done once the shell reports that the connection is closed (RevocationDone).
struct RevokeDevice {
    base::DeviceId device;
};

/// Takes a quarantined device back into service.
struct ReleaseDevice {
    base::DeviceId device;
};

struct DefineTask {
    TaskRecord task;
};

/// Takes a release in. Numbers come from PlanRelease; kConflict if somebody was faster.
struct ImportRelease {
    base::ModelName model;
    std::uint32_t release = 0;
    std::uint32_t counter = 0;
    std::uint32_t task = 0;
    std::uint64_t source_bytes = 0;
    std::string note{};
    std::vector<VariantRecord> variants{};
    std::vector<BlobRecord> blobs{};  ///< every artifact of the variants, and what else to keep
    SignedPointer statement{};        ///< of the author's bundle; null: this site signed
};

/// The edge model that served when another one was measured against it; absent: none did.
struct EdgePredecessor {
    std::optional<base::Digest> digest{};
};

/// kConflict if another one than `instead_of` serves by now; without it nobody asks.
struct SetEdgeModel {
    EdgeModelRecord model;
    BlobRecord blob;  ///< kind kEdgeModel; bytes may be null if they are stored already
    std::optional<EdgePredecessor> instead_of{};
};

struct StartRollout {
    base::ModelName model;
    std::uint32_t release = 0;
    std::optional<std::vector<base::DeviceId>> devices{};  ///< absent: all
};

/// Stops offering; what a device confirmed stays.
struct AbortRollout {
    base::RolloutId rollout{};
};

/// Takes every device of the rollout back. `permit` names the models of the previous release under
/// newly signed manifests with a higher counter: see PlanRollback.
struct RollbackRollout {
    base::RolloutId rollout{};
    ImportRelease permit;
};

// Questions -----------------------------------------------------------------------------------

struct ListDevices {
    std::optional<base::DeviceId> after{};
    std::uint32_t limit = 100;
};
struct GetDevice {
    base::DeviceId device;
};
struct ListTasks {};
struct ListModels {};
struct ListRollouts {};
struct GetRollout {
    base::RolloutId rollout{};
    std::optional<base::DeviceId> after{};
    std::uint32_t limit = 100;
};
/// Which release number and counter the next import of this model for this task needs.
struct PlanRelease {
    base::ModelName model;
    std::uint32_t task = 0;
};
/// Which variant of a release each device of the fleet would get, and why not the others.
struct GetFit {
    base::ModelName model;
    std::uint32_t release = 0;
    std::optional<base::DeviceId> after{};
    std::uint32_t limit = 100;
};
/// What a rollback of this rollout would restore and the numbers its permit needs.
struct PlanRollback {
    base::RolloutId rollout{};
};
struct GetEscalationStatistics {};
struct ListEnergy {
    std::optional<base::DeviceId> after{};
    std::uint32_t limit = 100;
};
struct GetDeviceEnergy {
    base::DeviceId device;
};
/// Everything the live page and the metrics show.
struct GetOverview {};

using AdminCommand =
    std::variant<AddDevice, EnrolDevice, RevokeDevice, ReleaseDevice, DefineTask, ImportRelease,
                 SetEdgeModel, StartRollout, AbortRollout, RollbackRollout, SetPolicy, ListDevices,
                 GetDevice, ListTasks, ListModels, ListRollouts, GetRollout, PlanRelease,
                 PlanRollback, GetFit, GetEscalationStatistics, ListEnergy, GetDeviceEnergy,
                 GetOverview, SaveLearning, ResumePolicyRollout, ListPolicyVersions,
                 GetPolicyRollout, PlanEncodings, AddEncodings>;

// Answers -------------------------------------------------------------------------------------

struct Done {};

struct IssuedCertificate {
    CertificateRecord record;
    std::string pem{};
    base::Bytes der{};
};

struct CertificateIssued {
    base::DeviceId device;
    IssuedCertificate certificate;
};

struct StreamView {
    base::StreamId id{};
    std::uint64_t next_sequence = 0;
    std::uint64_t accepted = 0;
    std::uint64_t lost = 0;
    std::uint32_t boot_epoch = 0;
};

struct DesiredView {
    std::uint32_t task = 0;
    base::RolloutId rollout{};
    base::ModelName model;
    std::uint32_t release = 0;
    RolloutState state = RolloutState::kPending;
    Reason reason = Reason::kNone;
};

enum class Presence : std::uint8_t {
    kNeverSeen = 1,
    kOnline = 2,
    kAsleep = 3,   ///< said goodbye and when it wakes
    kOffline = 4,  ///< said goodbye, or its connection broke
    kSilent = 5,   ///< nothing for a while, or not yet since the gateway started
};
std::string_view to_string(Presence presence);  ///< "online"

/// The version of a policy that a device is to obey.
struct ChosenPolicy {
    std::uint32_t task = 0;
    std::uint32_t version = 0;
    base::Audience audience{};  ///< whose it is: an override's, or the class's
    SignedPointer form{};       ///< of it, for the model the device runs; null: there is none
};

struct DeviceView {
    base::DeviceId id;
    std::string label{};
    DeviceState state = DeviceState::kRegistered;
    Presence presence = Presence::kNeverSeen;
    std::optional<base::Duration> heard_ago{};
    std::optional<Capability> capability{};
    std::optional<CertificateRecord> certificate{};
    std::uint32_t desired_version = 0;
    std::uint32_t reported_version = 0;
    std::vector<DesiredView> desired{};
    std::vector<TaskState> reported{};
    std::vector<StreamView> streams{};
    std::optional<Health> health{};
    std::uint64_t malformed_messages = 0;
    base::WallTime added_at{};
    base::WallTime revoked_at{};
    std::vector<ChosenPolicy> policies{};  ///< of the tasks it reported
};

struct DevicePage {
    std::vector<DeviceView> devices{};
    bool has_more = false;
    std::uint32_t total = 0;
};

struct EnergyView {
    base::DeviceId device;
    EnergyCounters totals;
};

struct EnergyPage {
    EnergyCounters fleet;  ///< all devices, not only those of the page
    std::vector<EnergyView> devices{};
    bool has_more = false;
};

struct TaskList {
    std::vector<TaskRecord> tasks{};
    std::vector<EdgeModelRecord> edge_models{};
    std::vector<PolicyRecord> policies{};
    std::uint32_t next_policy = 1;  ///< number of the next version
    /// By task, since the core was opened: the last version of a person's that came in force in
    /// place of another, which ends what was measured and learned before.
    std::map<std::uint32_t, std::uint32_t> owner_changes{};
};

/// Releases by model and release number; immutable, shared with the core.
struct ModelList {
    std::vector<std::shared_ptr<const ReleaseRecord>> releases{};
};

struct RolloutView {
    RolloutRecord record;
    base::ModelName model;
    std::uint32_t release = 0;
    std::map<RolloutState, std::uint32_t> counts{};
    std::map<Reason, std::uint32_t> reasons{};  ///< of refused, reverted and quarantined devices
    std::uint32_t total = 0;
};

struct RolloutList {
    std::vector<RolloutView> rollouts{};  ///< newest first
};

struct RolloutDeviceView {
    base::DeviceId device;
    RolloutDeviceRecord record;
};

struct RolloutDetail {
    RolloutView rollout;
    std::vector<RolloutDeviceView> devices{};
    bool has_more = false;
};

struct RolloutStarted {
    base::RolloutId rollout{};
};

struct ReleaseImported {
    ReleaseNumber number{};
    std::uint32_t release = 0;
};

struct ReleasePlan {
    std::uint32_t release = 0;
    std::uint32_t counter = 0;
    std::vector<DeltaBase> bases{};  ///< the commonest first, see delta_bases_of()
};

struct RollbackPlan {
    std::shared_ptr<const ReleaseRecord> restores{};  ///< sign its manifests with these numbers
    std::uint32_t release = 0;
    std::uint32_t counter = 0;
};

/// One variant against one device.
struct VariantVerdict {
    std::uint32_t variant = 0;  ///< its place in the release
    bool is_fit = false;
    bool is_on_device = false;
    Reason reason = Reason::kNone;  ///< why not
    std::uint32_t detail = 0;
    std::string why{};         ///< why not, in words
    std::string lacks{};       ///< "arena"; empty if it fits
    std::uint64_t needed = 0;  ///< of what it lacks
    std::uint64_t available = 0;
    std::optional<ArtifactRecord> artifact{};  ///< the encoding it would get
    std::uint64_t bytes_on_air = 0;            ///< 0 for a model a slot holds already
    std::optional<std::uint64_t> energy_uj{};  ///< estimate of one inference
};

struct DeviceFit {
    base::DeviceId device;
    base::ClassName device_class;
    std::optional<std::uint32_t> chosen{};  ///< place of the variant it would get
    std::vector<VariantVerdict> verdicts{};
};

/// Devices of one class that get the same answer; the verdicts are those of the first of them.
struct ClassFit {
    base::ClassName device_class;
    std::uint32_t devices = 0;
    std::optional<std::uint32_t> chosen{};
    std::vector<VariantVerdict> verdicts{};
};

struct FitReport {
    std::shared_ptr<const ReleaseRecord> release{};
    std::vector<ClassFit> classes{};
    std::vector<DeviceFit> devices{};  ///< by id
    bool has_more = false;
    std::uint32_t known = 0;    ///< devices in service that said what they can hold
    std::uint32_t unknown = 0;  ///< in service, but not heard of yet
    std::uint32_t fitting = 0;
};

struct TransferStatistics {
    std::uint64_t fetches = 0;
    std::uint64_t refused_fetches = 0;  ///< for artifacts the device is not offered
    std::uint64_t unicast_blocks = 0;
    std::uint64_t shared_blocks = 0;
    std::uint64_t published_bytes = 0;  ///< on the gateway's leg
    std::uint64_t delivered_bytes = 0;  ///< times the devices that asked for them
};

struct IntakeStatistics {
    std::uint64_t batches = 0;
    std::uint64_t decisions = 0;   ///< rows handed to the disk since the start
    std::uint64_t duplicates = 0;  ///< decisions that were stored before
    std::uint64_t ahead = 0;       ///< batches before their turn
    std::uint64_t shed = 0;        ///< batches turned away because the disk is behind
    std::uint64_t equivocations = 0;
    std::uint64_t unverifiable = 0;    ///< duplicates older than the ring of hashes
    std::uint64_t decision_bytes = 0;  ///< payload bytes of accepted batches
};

struct ClassCount {
    std::uint32_t devices = 0;
    std::uint32_t online = 0;
};

struct Overview {
    std::uint64_t fencing_epoch = 0;
    std::uint32_t device_count = 0;
    std::map<DeviceState, std::uint32_t> device_states{};
    std::map<std::string, ClassCount> classes{};  ///< by device class; "" for those never heard of
    std::uint32_t online = 0;
    std::uint64_t decisions_total = 0;  ///< rows ever stored, all streams
    std::uint64_t decisions_lost = 0;   ///< in gaps
    IntakeStatistics intake{};
    EscalationStatistics escalations{};
    TransferStatistics transfers{};
    std::uint64_t messages = 0;
    std::uint64_t malformed_messages = 0;
    std::uint64_t denied_messages = 0;  ///< unknown, revoked or quarantined sender
    EnergyCounters energy{};            ///< of all devices, over all their boots
    std::uint32_t rollouts_running = 0;
    std::optional<RolloutView> newest_rollout{};
    std::uint64_t incidents = 0;
};

using AdminReply =
    std::variant<Done, CertificateIssued, DeviceView, DevicePage, TaskList, ModelList, RolloutList,
                 RolloutDetail, RolloutStarted, ReleaseImported, ReleasePlan, RollbackPlan,
                 FitReport, EscalationStatistics, EnergyView, EnergyPage, Overview, PolicySet,
                 PolicyHistory, PolicyRolloutView, EncodingPlan>;

}  // namespace frugal::core
