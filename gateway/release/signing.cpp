// SPDX-License-Identifier: Apache-2.0
#include "release/signing.hpp"

#include "crypto/verified_manifest.hpp"
#include "wire/manifest.hpp"

namespace frugal::release {

using base::Result;

Result<core::ManifestPointer> sign_manifest(const core::ManifestContent& content,
                                            const crypto::ReleaseKey& key) {
    auto bytes = wire::encode_manifest(content);
    if (!bytes) {
        return tl::unexpected(bytes.error());
    }
    const auto signature = key.sign(*bytes);
    if (!signature) {
        return tl::unexpected(signature.error());
    }
    return verify_manifest(std::move(*bytes), *signature, key.public_key());
}

Result<core::ManifestPointer> verify_manifest(base::Bytes bytes, base::ByteView signature,
                                              const crypto::ReleasePublicKey& key) {
    auto verified = crypto::VerifiedManifest::verify(std::move(bytes), signature, key);
    if (!verified) {
        return tl::unexpected(verified.error());
    }
    auto manifest = wire::parse_manifest(core::SignedBlob(*verified));
    if (!manifest) {
        return tl::unexpected(manifest.error());
    }
    return std::make_shared<const core::VerifiedManifest>(std::move(*manifest));
}

}  // namespace frugal::release
