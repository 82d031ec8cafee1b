// SPDX-License-Identifier: Apache-2.0
#include "release/verified_bundle.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/hex.hpp"
#include "crypto/sha256.hpp"
#include "crypto/verified_manifest.hpp"
#include "release/signing.hpp"

namespace frugal::release {

using base::Bytes;
using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view kWhole =
    "Copy the bundle again from where it was built; if it was changed, build it anew.";

Result<core::SignedPointer> verify_statement(const wire::BundleFile& file,
                                             const crypto::ReleasePublicKey& key) {
    if (file.key_id != key.key_id()) {
        return fail(ErrorKind::kDenied, "the bundle is signed by another key",
                    fmt::format("by key {:08x}; this is not {:08x}", file.key_id, key.key_id()),
                    "Build it with the release key whose public half is release.pub here.");
    }
    const auto verified = crypto::VerifiedManifest::verify(file.signed_bytes, file.signature, key,
                                                           wire::kStatementBytesMax);
    if (!verified) {
        return fail(ErrorKind::kDenied, "the bundle's signature does not verify",
                    fmt::format("its statement was changed after key {:08x} signed it, or is "
                                "longer than {} bytes",
                                file.key_id, wire::kStatementBytesMax),
                    std::string(kWhole));
    }
    return std::make_shared<const core::SignedBlob>(*verified);
}

tl::unexpected<base::Error> contradiction(std::string cause, std::string remedy) {
    return fail(ErrorKind::kInvalidInput, "the bundle contradicts itself", std::move(cause),
                std::move(remedy));
}

// The most accurate of a class's variants that fits a device is chosen.
Result<void> check_classes(const std::vector<core::ManifestPointer>& manifests) {
    std::map<base::ClassName, std::vector<const core::ManifestContent*>> classes;
    for (const auto& manifest : manifests) {
        classes[manifest->content().device_class].push_back(&manifest->content());
    }
    for (const auto& [name, contents] : classes) {
        std::set<base::Digest> models;
        for (const auto* content : contents) {
            if (!models.insert(content->model_digest).second) {
                return contradiction(
                    "two variants for class " + name.text() + " are the same model",
                    "Build it again and keep one.");
            }
            if (contents.size() > 1 && content->accuracy_permyriad == 0) {
                return contradiction(
                    fmt::format("of the {} variants for class {} one does not state its accuracy",
                                contents.size(), name.text()),
                    "Build it again with the accuracy of each, e.g. --variant m4@9105=FILE.");
            }
        }
    }
    return {};
}

/// The digests of a statement's models, each once, in the order of the files.
std::vector<base::Digest> digests_of(const std::vector<core::ManifestPointer>& manifests,
                                     const std::vector<wire::BundleBase>& bases) {
    std::vector<base::Digest> digests;
    const auto add = [&](const base::Digest& digest) {
        if (std::ranges::find(digests, digest) == digests.end()) {
            digests.push_back(digest);
        }
    };
    for (const auto& manifest : manifests) {
        add(manifest->content().model_digest);
    }
    for (const auto& base : bases) {
        add(base.model_digest);
    }
    return digests;
}

}  // namespace

Result<VerifiedBundle> VerifiedBundle::open(base::ByteView bytes,
                                            const crypto::ReleasePublicKey& key) {
    auto file = wire::read_bundle_file(bytes);
    if (!file) {
        return tl::unexpected(file.error());
    }
    auto signed_statement = verify_statement(*file, key);
    if (!signed_statement) {
        return tl::unexpected(signed_statement.error());
    }
    auto statement = wire::read_statement((*signed_statement)->content());
    if (!statement) {
        return tl::unexpected(statement.error());
    }
    VerifiedBundle bundle(std::move(*statement), std::move(*signed_statement));
    if (auto taken = bundle.take_manifests(key); !taken) {
        return tl::unexpected(taken.error());
    }
    if (auto taken = bundle.take_files(std::move(file->files)); !taken) {
        return tl::unexpected(taken.error());
    }
    return bundle;
}

Result<void> VerifiedBundle::take_manifests(const crypto::ReleasePublicKey& key) {
    for (std::size_t i = 0; i < statement_.variants.size(); ++i) {
        auto& variant = statement_.variants[i];
        auto manifest = verify_manifest(variant.manifest, variant.manifest_signature, key);
        if (!manifest) {
            return fail(manifest.error(), fmt::format("bundle, variant {}", i + 1));
        }
        const auto& content = (*manifest)->content();
        if (content.model != statement_.model || content.release != statement_.release ||
            content.counter != statement_.counter || content.task != statement_.task) {
            return fail(
                ErrorKind::kInvalidInput, "the bundle contradicts itself",
                fmt::format("the manifest for class {} states {}@{}, counter {}, task {}; "
                            "the bundle {}@{}, counter {}, task {}",
                            content.device_class.text(), content.model.text(), content.release,
                            content.counter, content.task, statement_.model.text(),
                            statement_.release, statement_.counter, statement_.task),
                "Build it again.");
        }
        manifests_.push_back(std::move(*manifest));
    }
    return check_classes(manifests_);
}

Result<void> VerifiedBundle::take_files(std::vector<Bytes> files) {
    const auto digests =
        is_permit() ? std::vector<base::Digest>() : digests_of(manifests_, statement_.bases);
    if (files.size() != digests.size()) {
        return fail(ErrorKind::kInvalidInput, "the bundle is not whole",
                    fmt::format("{} models are stated, {} are in it", digests.size(), files.size()),
                    std::string(kWhole));
    }
    for (std::size_t i = 0; i < files.size(); ++i) {
        const base::Digest found = crypto::sha256(files[i]);
        if (found != digests[i]) {
            return fail(ErrorKind::kDenied, "a model in the bundle is not the one that was signed",
                        fmt::format("model {} has SHA-256 {}, the statement names {}", i + 1,
                                    base::to_hex(found), base::to_hex(digests[i])),
                        std::string(kWhole));
        }
        files_.emplace(digests[i], std::move(files[i]));
    }
    return {};
}

const Bytes* VerifiedBundle::file(const base::Digest& digest) const {
    const auto found = files_.find(digest);
    return found == files_.end() ? nullptr : &found->second;
}

}  // namespace frugal::release
