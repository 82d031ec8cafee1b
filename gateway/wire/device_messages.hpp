// SPDX-License-Identifier: Apache-2.0
// Protobuf bytes <-> the core's message types. Nothing that fails the wire contract gets past here:
// closed enumerations, ranges, sizes, and encode(decode(x)) == x, so that a message cannot carry
// anything but what it says. Pure functions, any thread. Errors (kInvalidInput, kLimit) name the
// field and the cause, never the content.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "core/message.hpp"

namespace frugal::wire {

/// Decodes a device's message of this kind. Features are copied into memory that wipes itself; the
/// caller wipes `payload` after an escalate.
base::Result<core::UpMessage> decode_up(core::UpKind kind, base::ByteView payload);

/// What a device sends. The inverse of decode_up; for tests and simulated devices.
base::Bytes encode_up(const core::UpMessage& message);

/// What the gateway sends, all but chunks.
base::Bytes encode_down(const core::DownMessage& message);

core::DownKind kind_of(const core::DownMessage& message);
core::UpKind kind_of(const core::UpMessage& message);

/// down/chunk: one block of an artifact.
base::Bytes encode_chunk(const base::Digest& artifact, std::uint32_t block, base::ByteView content);

}  // namespace frugal::wire
