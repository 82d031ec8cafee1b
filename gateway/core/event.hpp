// SPDX-License-Identifier: Apache-2.0
// Everything that can happen to the core. Time passes by the `now` of every step, not by events.
// Move-only values (escalations own their features); made by the shell, consumed once.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "core/admin.hpp"
#include "core/message.hpp"

namespace frugal::core {

/// A message from a device, decoded and range-checked; `device` is the topic's.
struct DeviceMessage {
    base::DeviceId device;
    UpMessage message;
    std::uint32_t wire_bytes = 0;  ///< payload size, for the statistics
};

/// A message that broke the wire contract. The payload itself is gone.
struct MalformedMessage {
    base::DeviceId device;
    UpKind kind = UpKind::kHello;
    base::Error error;
};

/// The broker connection came up (subscribed) or went down.
struct LinkChanged {
    bool is_up = false;
};

struct EdgeAnswer {
    std::uint32_t class_id = 0;
    std::uint8_t confidence = 0;   ///< q8
    std::uint32_t edge_model = 0;  ///< leading 4 bytes, big endian, of the edge model's digest
    std::vector<std::uint8_t> chances{};  ///< q8, of every class; may be empty
};

/// Answers Infer: one answer for each of its inputs, in their order.
struct InferenceDone {
    base::WorkId work{};
    std::vector<base::Result<EdgeAnswer>> answers{};
    base::Duration service_time{0};   ///< inside the engine, without waiting for it
    std::vector<Features> doubted{};  ///< by input where any were asked for: see Infer
};

/// Answers AskCloud.
struct CloudDone {
    base::WorkId work{};
    base::Result<EdgeAnswer> answer;
};

/// What the machine says of itself, now and then; both q8.
struct HostLoad {
    std::uint8_t cpu = 0;       ///< of all cores
    std::uint8_t throttle = 0;  ///< how near the processor is to slowing down for heat
};

/// Answers BindPolicy.
struct PolicyBound {
    base::WorkId work{};
    base::Result<SignedPointer> form;  ///< never null
};

/// Answers IssueCertificate.
struct CertificateDone {
    base::WorkId work{};
    base::Result<IssuedCertificate> certificate;
};

/// Answers PublishRevocations: the list is in force and the device's connection is closed.
struct RevocationDone {
    base::WorkId work{};
    base::Result<void> outcome;
};

/// Somebody signed in asks for something; answered by exactly one Reply.
struct AdminRequest {
    base::RequestId request{};
    std::string actor{};
    AdminCommand command;
};

using Event = std::variant<DeviceMessage, MalformedMessage, LinkChanged, InferenceDone, CloudDone,
                           HostLoad, CertificateDone, RevocationDone, PolicyBound, AdminRequest>;

}  // namespace frugal::core
