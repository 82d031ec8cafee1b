// SPDX-License-Identifier: Apache-2.0
// Everything the core wants done in the world. Tick hands out an effect only when it may happen:
// those that promise something wait for the commit of what they promise. Move-only values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "core/admin.hpp"
#include "core/message.hpp"
#include "core/public_features.hpp"

namespace frugal::core {

struct Send {
    base::DeviceId device;
    DownMessage message;
};

/// Publish these blocks of an artifact as chunks, in this order. The shell reads the bytes.
struct SendBlocks {
    base::Digest artifact{};
    std::uint32_t block_bytes = 0;
    std::vector<std::uint32_t> blocks{};
    std::optional<base::DeviceId> device{};  ///< absent: the artifact's shared topic
};

/// Run the edge model on all inputs at once; answer with InferenceDone. The inputs are zeroised
/// with this effect.
struct Infer {
    base::WorkId work{};
    std::uint32_t task = 0;
    base::Digest edge_model{};
    std::vector<Features> inputs{};  ///< at least one
    /// By input: one whose answer is less confident (q8) than this, or fails, comes back with
    /// InferenceDone. Empty: none does.
    std::vector<std::uint32_t> doubt_below{};
    base::Instant deadline{};  ///< the earliest of theirs
};

/// Ask the model of a server beyond the site; answer with CloudDone by the deadline.
struct AskCloud {
    base::WorkId work{};
    std::uint32_t task = 0;
    std::string model{};
    std::uint32_t classes = 0;  ///< of the task: an answer of another number is none; 0: not known
    TaskPrivacy privacy = TaskPrivacy::kNever;  ///< of the task; whoever sends looks once more
    PublicFeatures features;
    base::Instant deadline{};
};

/// Compile a version of a policy for another device model than that of the form there is, and sign
/// it; answer with PolicyBound.
struct BindPolicy {
    base::WorkId work{};
    SignedPointer form{};
    std::uint32_t version = 0;
    TaskRecord task{};
    std::string text{};  ///< the owner's, which the form comes from
    base::Digest model{};
    std::uint32_t payload_bytes = 0;  ///< of an input of the task's edge model; 0: it has none
};

/// Check the request and sign a certificate; answer with CertificateDone.
struct IssueCertificate {
    base::WorkId work{};
    base::DeviceId device;
    base::Bytes request_der{};
};

struct RevokedCertificate {
    base::DeviceId device;
    std::array<std::uint8_t, 16> serial{};
    base::WallTime revoked_at{};
};

/// Put this complete list in force, then close `kick`'s connection; answer with RevocationDone.
/// Also sent at every start, without `kick`, so that broker and database agree; and with it until a
/// kick is confirmed.
struct PublishRevocations {
    base::WorkId work{};
    std::vector<RevokedCertificate> revoked{};
    std::optional<base::DeviceId> kick{};
};

/// An escalation was answered: evidence for the learner. Nothing of the input.
struct Observed {
    base::ClassName device_class;
    ObservationRecord record{};
    std::optional<base::Digest> model{};  ///< that decided locally, as the device reported it
    std::uint32_t policy = 0;             ///< that the device said it obeys; 0: not told
    base::Audience audience{};            ///< of the policy chosen for it
    base::Instant at{};
};

/// These decisions are durable.
struct DecisionsStored {
    base::ClassName device_class;
    DecisionRun run;
    std::optional<base::Digest> model{};  ///< as the device reported it
    std::uint32_t policy = 0;             ///< that the device said it obeys; 0: not told
    base::Audience audience{};            ///< of the policy chosen for it
};

struct Reply {
    base::RequestId request{};
    base::Result<AdminReply> reply;
};

enum class LogEvent : std::uint8_t {
    kStarted,
    kLinkUp,
    kLinkDown,
    kDeviceFirstSeen,
    kUnknownDevice,
    kDeniedDevice,
    kMalformedMessage,
    kIncident,
    kGap,
    kUpdateRefused,
    kUpdateReverted,
    kRolloutStarted,
    kRolloutEnded,
    kInferenceFailed,
    kCloudFailed,
    kInferenceHung,
    kCertificateFailed,
    kRevocationFailed,
    kIntakeShed,
    kReopened,
    kPolicyAlarm,
    kPolicyAhead,
    kPolicyNotBound,
};
std::string_view to_string(LogEvent event);  ///< "device.first-seen"

struct LogField {
    std::string_view key;  ///< static text
    std::string value{};
};

/// One log line. Rate-limited by the core; never carries payloads or secrets.
struct Log {
    LogEvent event = LogEvent::kStarted;
    std::vector<LogField> fields{};
};

using Effect = std::variant<Send, SendBlocks, Infer, AskCloud, IssueCertificate, PublishRevocations,
                            Reply, Log, Observed, DecisionsStored, BindPolicy>;

}  // namespace frugal::core
