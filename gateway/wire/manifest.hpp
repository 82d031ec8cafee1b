// SPDX-License-Identifier: Apache-2.0
// frugal.v1.Manifest: bytes to be signed from what a manifest states, and back from bytes whose
// signature was checked. Pure functions, any thread.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "core/signed_blob.hpp"

namespace frugal::wire {

/// The exact bytes to sign. kInvalidInput if a field is out of range, kLimit if the result is
/// longer than a device takes.
base::Result<base::Bytes> encode_manifest(const core::ManifestContent& content);

/// Reads a manifest; takes only verified bytes. kInvalidInput, kUnsupported (other format number).
base::Result<core::VerifiedManifest> parse_manifest(core::SignedBlob blob);

/// The same checks on bytes nobody vouches for: for inspection only.
base::Result<core::ManifestContent> inspect_manifest(base::ByteView bytes);

}  // namespace frugal::wire
