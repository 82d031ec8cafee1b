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

std::size_t count_bases(const VariantRecord& variant, const std::vector<ArtifactRecord>& more) {
    std::set<base::Digest> bases;
    for (const auto* artifacts : {&variant.artifacts, &more}) {
        for (const auto& artifact : *artifacts) {
            if (artifact.base_digest) {
                bases.insert(*artifact.base_digest);
            }
        }
    }
    return bases.size();
}

}  // namespace

base::Result<void> Catalogue::check_encodings(const ReleaseRecord& release,
                                              const AddEncodings& command) const {
    using base::ErrorKind;
    for (const auto& added : command.variants) {
        if (added.variant >= release.variants.size()) {
            return refuse(ErrorKind::kInvalidInput, command,
                          "it has no variant " + std::to_string(added.variant),
                          "Ask for a plan again");
        }
        for (const auto& artifact : added.artifacts) {
            if (!is_valid_artifact(artifact) || !has_blob(command.blobs, artifact.digest)) {
                return refuse(ErrorKind::kInvalidInput, command,
                              "an artifact's size or block size is out of range, or its bytes are "
                              "missing",
                              "See frugal/limits.h; send all blobs");
            }
        }
        if (count_bases(release.variants[added.variant], added.artifacts) > kDeltaBasesMax) {
            return refuse(ErrorKind::kLimit, command,
                          "a variant has deltas against at most " + std::to_string(kDeltaBasesMax) +
                              " models",
                          "Devices with others get it in full");
        }
    }
    return {};
}

base::Result<Done> Catalogue::add_encodings(const Step& step, const std::string& actor,
                                            AddEncodings&& command) {
    const auto before = find_release(command.model, command.release);
    if (before == nullptr) {
        return refuse(base::ErrorKind::kNotFound, command, "it is not known", "List the models");
    }
    if (const auto checked = check_encodings(*before, command); !checked) {
        return tl::unexpected<base::Error>(checked.error());
    }
    auto release = *before;
    std::set<base::Digest> fresh;
    std::uint32_t count = 0;
    for (const auto& added : command.variants) {
        auto& variant = release.variants[added.variant];
        for (const auto& artifact : added.artifacts) {
            if (has(variant, artifact)) {
                continue;
            }
            const auto position = static_cast<std::uint32_t>(variant.artifacts.size());
            step.write(ArtifactAdded{release.number, added.variant, position, artifact});
            variant.artifacts.push_back(artifact);
            fresh.insert(artifact.digest);
            ++count;
        }
    }
    if (count == 0) {
        return Done{};
    }
    for (auto& blob : command.blobs) {
        if (blob.bytes != nullptr && fresh.contains(blob.digest)) {
            blob.kind = BlobKind::kArtifact;
            step.write(std::move(blob));
        }
    }
    journal_.audit(
        step, actor, "release.encode", command.model.text(),
        "release " + std::to_string(command.release) + ": " + std::to_string(count) + " encodings");
    releases_[index_of(release.number)] = std::make_shared<const ReleaseRecord>(std::move(release));
    return Done{};
}

}  // namespace frugal::core
