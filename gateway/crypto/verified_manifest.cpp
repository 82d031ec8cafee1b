// SPDX-License-Identifier: Apache-2.0
#include "crypto/verified_manifest.hpp"

#include <algorithm>

namespace frugal::crypto {

VerifiedManifest::VerifiedManifest(base::Bytes content, const Signature& signature,
                                   std::uint32_t key_id)
    : content_(std::move(content)), signature_(signature), key_id_(key_id) {}

base::Result<VerifiedManifest> VerifiedManifest::verify(base::Bytes content,
                                                        base::ByteView signature,
                                                        const ReleasePublicKey& key,
                                                        std::size_t limit_bytes) {
    if (content.empty() || content.size() > limit_bytes) {
        return base::fail(base::ErrorKind::kLimit,
                          "signed content has " + std::to_string(content.size()) + " bytes",
                          "1 to " + std::to_string(limit_bytes) + " are allowed",
                          "name fewer operators or self-tests");
    }
    if (!key.verify(content, signature)) {
        return base::fail(base::ErrorKind::kDenied, "signature is wrong",
                          "not made with the expected key over these bytes",
                          "sign it again with the site's key, or give the key that signed it");
    }
    Signature copy{};
    std::copy(signature.begin(), signature.end(), copy.begin());
    return VerifiedManifest(std::move(content), copy, key.key_id());
}

}  // namespace frugal::crypto
