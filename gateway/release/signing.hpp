// SPDX-License-Identifier: Apache-2.0
// From what a manifest states to the signed, verified and parsed thing. Pure but for the
// signature's randomness; any thread.
#pragma once

#include "base/result.hpp"
#include "core/signed_blob.hpp"
#include "crypto/release_key.hpp"

namespace frugal::release {

/// kInvalidInput, kLimit for content no manifest can hold; kInternal if OpenSSL fails.
base::Result<core::ManifestPointer> sign_manifest(const core::ManifestContent& content,
                                                  const crypto::ReleaseKey& key);

/// The same from a signature made elsewhere. kDenied if it is not the key's; kInvalidInput.
base::Result<core::ManifestPointer> verify_manifest(base::Bytes bytes, base::ByteView signature,
                                                    const crypto::ReleasePublicKey& key);

}  // namespace frugal::release
