// SPDX-License-Identifier: Apache-2.0
// Trust as a type: bytes whose ES256 signature the gateway checked, and a manifest read from such
// bytes. Only gateway/crypto's verification leads into a SignedBlob, only wire's parser from a
// SignedBlob into a VerifiedManifest; storage may read back what was stored as such. Plain
// immutable values, any thread, shared by pointer.
#pragma once

#include <array>
#include <concepts>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

namespace frugal::crypto {
class VerifiedManifest;
}
namespace frugal::storage {
class TrustedReader;
}
namespace frugal::core {
class SignedBlob;
class VerifiedManifest;
}  // namespace frugal::core
namespace frugal::wire {
base::Result<core::VerifiedManifest> parse_manifest(core::SignedBlob blob);
}

namespace frugal::core {

using Signature = std::array<std::uint8_t, 64>;  ///< r || s

class SignedBlob {
public:
    /// The way in: what crypto::VerifiedManifest::verify returned.
    template <std::same_as<crypto::VerifiedManifest> Verified>
    explicit SignedBlob(const Verified& verified)
        : content_(verified.content()),
          signature_(verified.signature()),
          key_id_(verified.key_id()) {}

    const base::Bytes& content() const { return content_; }
    const Signature& signature() const { return signature_; }
    std::uint32_t key_id() const { return key_id_; }

private:
    friend class storage::TrustedReader;
    SignedBlob(base::Bytes content, const Signature& signature, std::uint32_t key_id)
        : content_(std::move(content)), signature_(signature), key_id_(key_id) {}

    base::Bytes content_;
    Signature signature_{};
    std::uint32_t key_id_ = 0;
};

/// A golden vector of a manifest.
struct SelfTest {
    std::uint32_t seed = 0;
    std::array<std::uint8_t, 16> output_digest{};
    bool operator==(const SelfTest&) const = default;
};

/// What a manifest states. Unverified on its own; see frugal/v1/manifest.proto for the fields.
struct ManifestContent {
    base::ModelName model;
    std::uint32_t release = 0;
    std::uint32_t counter = 0;
    std::uint32_t task = 0;
    base::ClassName device_class;
    std::uint32_t runtime_abi = 0;
    base::Digest model_digest{};
    std::uint32_t model_bytes = 0;
    std::uint32_t arena_bytes = 0;
    std::vector<std::uint32_t> operators{};
    std::uint32_t input_bytes = 0;
    std::uint32_t output_classes = 0;
    std::vector<SelfTest> self_tests{};
    base::Bytes data_digest{};  ///< 32 bytes or empty
    std::uint32_t accuracy_permyriad = 0;
    std::uint32_t state_bytes = 0;
    std::uint32_t multiply_accumulates = 0;
    bool operator==(const ManifestContent&) const = default;
};

class VerifiedManifest {
public:
    const ManifestContent& content() const { return content_; }
    const SignedBlob& blob() const { return blob_; }

private:
    friend class storage::TrustedReader;
    friend base::Result<VerifiedManifest> wire::parse_manifest(core::SignedBlob blob);
    VerifiedManifest(ManifestContent content, SignedBlob blob)
        : content_(std::move(content)), blob_(std::move(blob)) {}

    ManifestContent content_;
    SignedBlob blob_;
};

using ManifestPointer = std::shared_ptr<const VerifiedManifest>;
using SignedPointer = std::shared_ptr<const SignedBlob>;

}  // namespace frugal::core
