// SPDX-License-Identifier: Apache-2.0
// Trust as a type: bytes of a manifest whose signature was checked. Only verify() makes one, so a
// function that takes a VerifiedManifest cannot be given unverified bytes. A value, any thread.
// Says nothing about the content beyond who signed it: parsing and counters are the caller's.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/release_key.hpp"

namespace frugal::crypto {

inline constexpr std::size_t kManifestBytesMax = 640;  ///< FR_MANIFEST_SIZE_MAX

class VerifiedManifest {
public:
    /// kLimit if the content is longer than `limit_bytes`, by default what a device takes; kDenied
    /// if the signature is not the key's over exactly these bytes.
    static base::Result<VerifiedManifest> verify(base::Bytes content, base::ByteView signature,
                                                 const ReleasePublicKey& key,
                                                 std::size_t limit_bytes = kManifestBytesMax);

    /// The bytes that were signed: parse these and no other copy.
    const base::Bytes& content() const { return content_; }
    const Signature& signature() const { return signature_; }
    std::uint32_t key_id() const { return key_id_; }

private:
    VerifiedManifest(base::Bytes content, const Signature& signature, std::uint32_t key_id);
    base::Bytes content_;
    Signature signature_;
    std::uint32_t key_id_;
};

}  // namespace frugal::crypto
