// SPDX-License-Identifier: Apache-2.0
#include "crypto/verified_manifest.hpp"

#include <algorithm>

namespace frugal::crypto {

namespace {
constexpr std::size_t kContentBytesMax = 640;  // FR_MANIFEST_SIZE_MAX of the wire contract
}  // namespace

VerifiedManifest::VerifiedManifest(base::Bytes content, const Signature& signature,
                                   std::uint32_t key_id)
    : content_(std::move(content)), signature_(signature), key_id_(key_id) {}

base::Result<VerifiedManifest> VerifiedManifest::verify(base::Bytes content,
                                                        base::ByteView signature,
                                                        const ReleasePublicKey& key) {
    if (content.empty() || content.size() > kContentBytesMax) {
        return base::fail(base::ErrorKind::kLimit,
                          "signed content has " + std::to_string(content.size()) + " bytes",
                          "devices take 1 to " + std::to_string(kContentBytesMax),
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
