// SPDX-License-Identifier: Apache-2.0
// Trust as a type: a release bundle whose signature, digests and manifests were checked against one
// public key. Only open() makes one, so what takes a VerifiedBundle cannot be given a stranger's.
// An immutable value, any thread. What it says about its models is still to be checked against
// them: bundle_import.
#pragma once

#include <map>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "core/signed_blob.hpp"
#include "crypto/release_key.hpp"
#include "wire/bundle.hpp"

namespace frugal::release {

class VerifiedBundle {
public:
    /// kInvalidInput (not a bundle, damaged, contradicts itself), kDenied (signed by another key,
    /// or changed after it was signed), kUnsupported, kLimit.
    static base::Result<VerifiedBundle> open(base::ByteView bytes,
                                             const crypto::ReleasePublicKey& key);

    const wire::ReleaseStatement& statement() const { return statement_; }
    bool is_permit() const { return statement_.restores != 0; }

    /// One for each variant of the statement, in its order.
    const std::vector<core::ManifestPointer>& manifests() const { return manifests_; }

    /// A model the bundle carries, or null.
    const base::Bytes* file(const base::Digest& digest) const;

    std::uint32_t key_id() const { return signed_->key_id(); }

    /// The statement as it was signed, to be kept with the release.
    const core::SignedPointer& signed_statement() const { return signed_; }

private:
    VerifiedBundle(wire::ReleaseStatement statement, core::SignedPointer signed_statement)
        : statement_(std::move(statement)), signed_(std::move(signed_statement)) {}

    base::Result<void> take_manifests(const crypto::ReleasePublicKey& key);
    base::Result<void> take_files(std::vector<base::Bytes> files);

    wire::ReleaseStatement statement_;
    core::SignedPointer signed_;
    std::vector<core::ManifestPointer> manifests_;
    std::map<base::Digest, base::Bytes> files_;
};

}  // namespace frugal::release
