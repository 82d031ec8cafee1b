// SPDX-License-Identifier: Apache-2.0
// I33: encodings that a release gets after its import are as good as those it came with. Whenever
// the database is read, each stands once, its bytes are there and decode against the base it names
// to the model of its variant, a variant has deltas against a bounded number of models, and what
// was committed is still there.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "frugal/artifact.h"
#include "model/codec/codec.hpp"
#include "simulation/checkers/make.hpp"
#include "simulation/world/release_shelf.hpp"

namespace frugal::simulation {

namespace {

bool decodes(const core::ArtifactRecord& artifact, const base::Bytes& bytes,
             const core::ManifestContent& content) {
    fr_artifact_layout_t layout{};
    if (sha256(bytes) != artifact.digest || bytes.size() != artifact.size_bytes ||
        fr_artifact_layout(artifact.size_bytes, artifact.block_bytes, &layout) != FR_OK) {
        return false;
    }
    const auto base = artifact.base_digest ? ReleaseShelf::instance().model(*artifact.base_digest)
                                           : base::Bytes();
    const auto stream = base::ByteView(bytes).subspan(layout.list_bytes);
    const auto model = model::decode(stream, content.model_bytes, base);
    return model && sha256(*model) == content.model_digest;
}

class LateEncodings final : public Checker {
public:
    using Checker::Checker;

    void on_committed(const core::WriteBatch& batch) override {
        for (const auto& record : batch.records) {
            if (const auto* added = std::get_if<core::ArtifactAdded>(&record)) {
                trace_.sometimes("encoding added to a release");
                committed_.emplace(added->release, added->artifact.digest);
            }
        }
    }

    void on_loaded(const DatabaseView& view) override {
        for (const auto& release : view.releases) {
            for (const auto& variant : release.variants) {
                judge(release, variant, view);
            }
        }
        if (!oracle_.had_amnesia) {
            judge_lasting(view);
        }
    }

private:
    void judge(const core::ReleaseRecord& release, const core::VariantRecord& variant,
               const DatabaseView& view) {
        const auto& content = variant.manifest->content();
        std::set<std::pair<base::Digest, std::uint32_t>> names;  // small ones: bytes for all blocks
        std::set<base::Digest> bases;
        for (const auto& artifact : variant.artifacts) {
            if (!names.emplace(artifact.digest, artifact.block_bytes).second) {
                complain(release, "names an encoding twice");
            }
            if (artifact.base_digest) {
                bases.insert(*artifact.base_digest);
            }
            const auto bytes = view.artifacts.find(artifact.digest);
            if (bytes == view.artifacts.end()) {
                complain(release, "names an encoding without bytes");
            } else if (!is_good(artifact, bytes->second, content)) {
                complain(release, "names an encoding of another model");
            }
        }
        if (bases.size() > core::kDeltaBasesMax) {
            complain(release, "has deltas against too many models");
        }
    }

    /// Decoding is slow and its outcome lasts.
    bool is_good(const core::ArtifactRecord& artifact, const base::Bytes& bytes,
                 const core::ManifestContent& content) {
        const std::pair key(artifact.digest, content.model_digest);
        const auto known = is_good_.find(key);
        return known != is_good_.end()
                   ? known->second
                   : is_good_.emplace(key, decodes(artifact, bytes, content)).first->second;
    }

    void judge_lasting(const DatabaseView& view) {
        for (const auto& [number, digest] : committed_) {
            const auto release =
                std::ranges::find(view.releases, number, &core::ReleaseRecord::number);
            const bool is_there =
                release != view.releases.end() &&
                std::ranges::any_of(release->variants, [&, name = digest](const auto& variant) {
                    return std::ranges::find(variant.artifacts, name,
                                             &core::ArtifactRecord::digest) !=
                           variant.artifacts.end();
                });
            if (!is_there) {
                trace_.violate("I33", "an encoding that was committed is gone");
            }
        }
    }

    void complain(const core::ReleaseRecord& release, const char* what) {
        trace_.violate("I33", fmt::format("release {} {}", release.release, what));
    }

    std::set<std::pair<core::ReleaseNumber, base::Digest>> committed_;
    std::map<std::pair<base::Digest, base::Digest>, bool> is_good_;  ///< artifact, model
};

}  // namespace

std::unique_ptr<Checker> make_late_encodings(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<LateEncodings>(o, t, s);
}

}  // namespace frugal::simulation
