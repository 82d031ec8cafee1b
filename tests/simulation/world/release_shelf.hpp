// SPDX-License-Identifier: Apache-2.0
// Signed releases and policies of the simulated author, made once per process from the project's
// own models and kept: signing and packing are slow. Deterministic but for the signatures. Shared
// by all worlds of the process; single-threaded.
#pragma once

#include <map>
#include <set>
#include <string>

#include "core/admin.hpp"
#include "crypto/release_key.hpp"

namespace frugal::simulation {

inline constexpr std::uint32_t kTask = 1;
inline constexpr std::uint32_t kSecondTask = 2;  ///< with an edge model, but no release
inline constexpr std::uint32_t kInputBytes = 784;
inline constexpr std::uint32_t kClasses = 10;
inline constexpr const char* kModelName = "fashion";
/// The middle one of several variants states that it needs so much: a device of the usual small
/// size does not fit it, a roomy one does.
inline constexpr std::uint32_t kRoomyVariantArena = 9 * 1024;

class ReleaseShelf {
public:
    static ReleaseShelf& instance();

    /// Which of the two generations of models a release holds, and whether its golden vectors lie.
    enum class Content { kFirst, kSecond, kBroken };

    /// Whether the second generation was trained anew or is the first, tuned; with deltas, or so
    /// that late_deltas() makes them.
    enum class Lineage { kTrainedAnew, kTuned, kTunedWithoutDeltas };

    core::ImportRelease release(Content content, std::uint32_t release, std::uint32_t counter,
                                Lineage lineage);
    /// The same with three variants for class tiny and two for m4, of different accuracy.
    core::ImportRelease variants(Content content, std::uint32_t release, std::uint32_t counter);
    /// What of the plan pays: of tuned releases.
    core::AddEncodings late_deltas(const core::EncodingPlan& plan) const;
    /// The model with this digest; empty for one that is not on the shelf.
    base::Bytes model(const base::Digest& digest) const;
    core::ImportRelease permit(const core::RollbackPlan& plan);
    core::SetPolicy policy(std::uint32_t id, std::uint32_t audit);
    /// With a part for each of these classes, all different.
    core::SetPolicy policy_for(const std::vector<std::string>& classes, std::uint32_t id,
                               std::uint32_t audit);
    /// The same form, bound to another model. What policy() and policy_for() make is bound to one
    /// that only small devices run, and only those of the first generation.
    core::SignedPointer policy_for_model(const base::Bytes& form, const base::Digest& model);
    core::SignedPointer policy_for_first_model(const base::Bytes& form);
    std::uint32_t first_model() const { return first_model_; }
    /// The content of an earlier version under another number.
    core::SetPolicy policy_again(const core::PolicyVersionRecord& source, std::uint32_t id);
    core::SetEdgeModel edge_model();

    /// True if these are manifest bytes we signed.
    bool has_signed(base::ByteView manifest) const;
    /// True if these are the bytes of a policy that policy() made.
    bool has_policy(base::ByteView content) const;

    // What an evil broker tries to pass as a policy.
    std::string foreign_signature(base::ByteView content) const;
    const core::SignedBlob& signed_nonsense() const { return *nonsense_; }

    const crypto::PublicPoint& public_key() const { return key_.public_point(); }
    const base::Bytes& edge_model_bytes() const { return edge_; }

private:
    ReleaseShelf();

    struct Packed {
        base::Bytes tflite;
        core::ManifestContent content;  ///< but for release and counter
        std::vector<core::ArtifactRecord> artifacts;
        std::vector<core::BlobRecord> blobs;
    };
    Packed pack(base::Bytes tflite, const std::string& device_class) const;
    /// Cuts the encoding of a model, in full or against a base, for every block size.
    void add_artifacts(Packed& packed, const base::Bytes& base) const;
    const Packed& tuned(const std::string& size, const std::string& device_class, Content content);
    void add(core::ImportRelease& import, const Packed& made, core::ManifestContent manifest,
             Content content);
    core::ManifestPointer sign(const core::ManifestContent& content);
    core::SignedPointer policy_blob(const base::Bytes& bytes);
    base::Bytes compiled_policy(std::uint32_t id, std::uint32_t audit, std::uint8_t weight) const;
    core::SignedPointer sign_policy(const base::Bytes& bytes) const;
    /// `is_coarse`: with rounded weights, as another level of compression leaves them.
    const Packed& packed(const std::string& file, const std::string& device_class, bool is_coarse);

    crypto::ReleaseKey key_;
    crypto::ReleaseKey stranger_;
    base::Bytes edge_;
    std::uint16_t first_model_ = 0;  ///< tag of what policies are made for
    core::SignedPointer nonsense_;
    std::map<std::string, Packed> packed_;
    std::map<std::string, Packed> tuned_;
    std::map<base::Bytes, core::ManifestPointer> signed_;
    std::map<base::Bytes, core::SignedPointer> policies_;
};

/// The form without what binds it to a model: forms of one version are alike then.
base::Bytes without_model(base::ByteView form);

/// SHA-256, for the checkers.
base::Digest sha256(base::ByteView bytes);

}  // namespace frugal::simulation
