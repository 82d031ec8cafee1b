// SPDX-License-Identifier: Apache-2.0
// Encodings that a release gets after it was imported: its signature covers the decoded model, so
// how it travels is the gateway's business (D29).
#include <algorithm>
#include <set>

#include "base/release_name.hpp"
#include "core/artifact_checks.hpp"
#include "core/catalogue.hpp"

namespace frugal::core {

namespace {

tl::unexpected<base::Error> refuse(base::ErrorKind kind, const AddEncodings& command,
                                   std::string cause, std::string remedy) {
    return base::fail(
        kind, "no encodings added to " + base::ReleaseName{command.model, command.release}.text(),
        std::move(cause), std::move(remedy));
}

bool has(const VariantRecord& variant, const ArtifactRecord& artifact) {
    return std::ranges::find(variant.artifacts, artifact) != variant.artifacts.end();
}

std::size_t count_bases(const VariantRecord& variant) {
    std::set<base::Digest> bases;
    for (const auto& artifact : variant.artifacts) {
        if (artifact.base_digest) {
            bases.insert(*artifact.base_digest);
        }
    }
    return bases.size();
}

base::Result<void> append(ReleaseRecord& release, const VariantEncodings& added,
                          const AddEncodings& command) {
    using base::ErrorKind;
    // Asked of a database that was lost meanwhile, the number may stand for another release.
    if (added.variant >= release.variants.size() ||
        release.variants[added.variant].manifest->content().model_digest != added.model_digest) {
        return refuse(
            ErrorKind::kConflict, command,
            "its variant " + std::to_string(added.variant) + " is not the model they were made of",
            "Ask for a plan again");
    }
    auto& variant = release.variants[added.variant];
    for (const auto& artifact : added.artifacts) {
        if (!is_valid_artifact(artifact) || !has_blob(command.blobs, artifact.digest)) {
            return refuse(
                ErrorKind::kInvalidInput, command,
                "an artifact's size or block size is out of range, or its bytes are missing",
                "See frugal/limits.h; send all blobs");
        }
        if (!has(variant, artifact)) {
            variant.artifacts.push_back(artifact);
        }
    }
    if (count_bases(variant) > kDeltaBasesMax) {
        return refuse(
            ErrorKind::kLimit, command,
            "a variant has deltas against at most " + std::to_string(kDeltaBasesMax) + " models",
            "Devices with others get it in full");
    }
    return {};
}

/// What `after` has behind the artifacts of `before`, in order.
std::vector<ArtifactAdded> difference(const ReleaseRecord& before, const ReleaseRecord& after) {
    std::vector<ArtifactAdded> added;
    for (std::uint32_t place = 0; place < before.variants.size(); ++place) {
        const auto& artifacts = after.variants[place].artifacts;
        for (auto i = before.variants[place].artifacts.size(); i < artifacts.size(); ++i) {
            added.push_back({before.number, place, static_cast<std::uint32_t>(i), artifacts[i]});
        }
    }
    return added;
}

}  // namespace

base::Result<Done> Catalogue::add_encodings(const Step& step, const std::string& actor,
                                            AddEncodings&& command) {
    const auto before = find_release(command.model, command.release);
    if (before == nullptr) {
        return refuse(base::ErrorKind::kNotFound, command, "it is not known", "List the models");
    }
    auto release = *before;
    for (const auto& added : command.variants) {
        if (const auto appended = append(release, added, command); !appended) {
            return tl::unexpected<base::Error>(appended.error());
        }
    }
    const auto added = difference(*before, release);
    if (added.empty()) {
        return Done{};
    }
    std::set<base::Digest> fresh;
    for (const auto& artifact : added) {
        step.write(artifact);
        fresh.insert(artifact.artifact.digest);
    }
    for (auto& blob : command.blobs) {
        if (blob.bytes != nullptr && fresh.contains(blob.digest)) {
            blob.kind = BlobKind::kArtifact;
            step.write(std::move(blob));
        }
    }
    journal_.audit(step, actor, "release.encode", command.model.text(),
                   "release " + std::to_string(command.release) + ": " +
                       std::to_string(added.size()) + " encodings");
    releases_[index_of(release.number)] = std::make_shared<const ReleaseRecord>(std::move(release));
    return Done{};
}

}  // namespace frugal::core
