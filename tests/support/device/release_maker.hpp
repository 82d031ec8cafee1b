// SPDX-License-Identifier: Apache-2.0
// Makes what a gateway would offer: signed manifests over real .tflite files, artifacts, signed
// policies. Owned by one test; deterministic but for the signatures.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "crypto/release_key.hpp"
#include "frugal/policy.h"
#include "frugal/v1/downlink.pb.h"
#include "frugal/v1/manifest.pb.h"
#include "model/codec/artifact.hpp"

namespace frugal::test {

struct Release {
    base::Bytes model;
    base::Digest model_digest{};
    v1::Manifest manifest;
    v1::SignedBlob signed_manifest;
    model::Artifact artifact;
    base::Bytes base_digest;  ///< of the model the artifact is a delta of; empty for a full one
    std::uint32_t decoder_profile = 0;
    std::uint32_t decoder_ram_bytes = 0;
    std::uint32_t base_lag_bytes = 0;
    std::shared_ptr<const Release> in_full{};  ///< for a device that does not run the base
};

/// What to change about an otherwise fit manifest before it is signed.
using ManifestChange = std::function<void(v1::Manifest&)>;

class ReleaseMaker {
public:
    ReleaseMaker();

    /// A release of one of the project's models, e.g. "fashion-tiny-1.tflite".
    Release make(const std::string& file, std::uint32_t counter, std::uint32_t block_bytes = 256,
                 const ManifestChange& change = {}) const;

    /// The same of any model's bytes; with a base the artifact is a delta of that.
    Release make_of(base::Bytes model, std::uint32_t counter, std::uint32_t block_bytes = 256,
                    const ManifestChange& change = {}, const base::Bytes& base = {}) const;

    /// What fine-tuning makes of a release: some weights moved by one, sent as a delta.
    Release tune(const Release& base, std::uint32_t counter) const;

    /// The same model under another counter: what a rollback is.
    Release again(const Release& release, std::uint32_t counter) const;

    /// The release with its manifest changed and signed again.
    Release changed(Release release, const ManifestChange& change) const;

    /// A delta, and the whole for a device that does not run its base.
    Release with_full(Release delta) const;

    v1::SignedBlob sign(const base::Bytes& content) const;

    /// A policy for one task: gain table of one value, everything free.
    v1::SignedBlob policy(std::uint32_t id, std::uint8_t gain, std::uint8_t weight = 0,
                          fr_tier_t tier = FR_TIER_EDGE, std::uint8_t task = 1) const;

    /// The same for task 1, bound to this model.
    v1::SignedBlob policy_for(std::uint32_t id, std::uint8_t gain, const base::Digest& model) const;

    const crypto::PublicPoint& public_key() const { return key_.public_point(); }

private:
    v1::SignedBlob sign_policy(std::uint32_t id, std::uint8_t gain,
                               fr_policy_task_spec_t rule) const;

    crypto::ReleaseKey key_;
};

base::Bytes read_model(const std::string& file);
base::Digest sha256(base::ByteView bytes);
base::Bytes serialize(const google::protobuf::MessageLite& message);

}  // namespace frugal::test
