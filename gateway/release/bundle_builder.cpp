// SPDX-License-Identifier: Apache-2.0
#include "release/bundle_builder.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "base/assert.hpp"
#include "crypto/sha256.hpp"
#include "release/model_facts.hpp"
#include "release/model_reading.hpp"
#include "release/signing.hpp"

namespace frugal::release {

using base::Bytes;
using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

Result<Bytes> seal(const wire::ReleaseStatement& statement, std::vector<Bytes> files,
                   const crypto::ReleaseKey& key) {
    auto signed_bytes = wire::encode_statement(statement);
    if (!signed_bytes) {
        return tl::unexpected(signed_bytes.error());
    }
    const auto signature = key.sign(*signed_bytes);
    if (!signature) {
        return tl::unexpected(signature.error());
    }
    Bytes bytes = wire::write_bundle_file(
        {std::move(*signed_bytes), *signature, key.key_id(), std::move(files)});
    if (bytes.size() > wire::kBundleBytesMax) {
        return fail(ErrorKind::kLimit, "the bundle would be too large",
                    fmt::format("{} bytes, at most {}", bytes.size(), wire::kBundleBytesMax),
                    "Build it for fewer device classes, or with fewer bases.");
    }
    return bytes;
}

Result<void> add_manifest(wire::ReleaseStatement& statement, const core::ManifestContent& content,
                          const wire::Provenance& provenance, const crypto::ReleaseKey& key) {
    const auto manifest = sign_manifest(content, key);
    if (!manifest) {
        return tl::unexpected(manifest.error());
    }
    const auto& blob = (*manifest)->blob();
    statement.variants.push_back({blob.content(), blob.signature(), provenance});
    return {};
}

Result<void> add_variant(wire::ReleaseStatement& statement, const BundleSource& source,
                         std::size_t index, const crypto::ReleaseKey& key) {
    const auto& variant = source.release.variants[index];
    core::ManifestContent content{.model = source.release.model,
                                  .release = source.release.release,
                                  .counter = source.release.counter,
                                  .task = source.release.task,
                                  .device_class = variant.device_class};
    if (auto stated = state_facts(content, variant.tflite); !stated) {
        return stated;
    }
    if (auto checked = check_classes(content, source.labels); !checked) {
        return checked;
    }
    if (source.data_digest) {
        content.data_digest.assign(source.data_digest->begin(), source.data_digest->end());
    }
    content.accuracy_permyriad = variant.accuracy_permyriad;
    return add_manifest(statement, content, source.provenance[index], key);
}

/// Asked of authors only: bundles that were signed with such labels still open.
Result<void> check_labels(const std::vector<std::string>& labels) {
    std::set<std::string_view> seen;
    for (const auto& label : labels) {
        if (!seen.insert(label).second) {
            return fail(ErrorKind::kInvalidInput,
                        fmt::format("two classes have the label \"{}\"", label), {},
                        "Give every class a label of its own.");
        }
    }
    return {};
}

void add_file(std::vector<Bytes>& files, const Bytes& file) {
    if (std::ranges::find(files, file) == files.end()) {
        files.push_back(file);
    }
}

}  // namespace

Result<Bytes> build_bundle(const BundleSource& source, const crypto::ReleaseKey& key) {
    FRUGAL_ASSERT(source.provenance.size() == source.release.variants.size());
    if (auto checked = check_labels(source.labels); !checked) {
        return tl::unexpected(checked.error());
    }
    wire::ReleaseStatement statement{.model = source.release.model,
                                     .release = source.release.release,
                                     .counter = source.release.counter,
                                     .task = source.release.task,
                                     .task_name = source.task_name,
                                     .labels = source.labels,
                                     .note = source.note,
                                     .tool = source.tool};
    std::vector<Bytes> files;
    for (std::size_t i = 0; i < source.release.variants.size(); ++i) {
        const auto& variant = source.release.variants[i];
        if (auto added = add_variant(statement, source, i, key); !added) {
            return fail(added.error(), "variant for device class " + variant.device_class.text());
        }
        add_file(files, variant.tflite);
    }
    for (const auto& base : source.release.bases) {
        if (const auto read = read_base(base.tflite); !read) {
            return fail(read.error(), "base for device class " + base.device_class.text());
        }
        statement.bases.push_back({base.device_class, base.digest});
        add_file(files, base.tflite);
    }
    auto bytes = seal(statement, std::move(files), key);
    const auto opened = bytes ? VerifiedBundle::open(*bytes, key.public_key())
                              : Result<VerifiedBundle>(tl::unexpected(bytes.error()));
    return opened ? std::move(bytes) : Result<Bytes>(tl::unexpected(opened.error()));
}

Result<Bytes> build_permit_bundle(const VerifiedBundle& earlier, PermitNumbers numbers,
                                  const crypto::ReleaseKey& key) {
    const auto& statement = earlier.statement();
    if (statement.restores != 0 || numbers.release <= statement.release ||
        numbers.counter <= statement.counter) {
        return fail(ErrorKind::kInvalidInput, "no permit can be made of this bundle",
                    statement.restores != 0
                        ? "it is a permit itself"
                        : fmt::format("it is release {} with counter {}; a permit has higher "
                                      "numbers, not {} and {}",
                                      statement.release, statement.counter, numbers.release,
                                      numbers.counter),
                    "Name the bundle of the release to go back to, and the numbers that "
                    "frugalctl rollout rollback asks for.");
    }
    wire::ReleaseStatement permit{
        .model = statement.model,
        .release = numbers.release,
        .counter = numbers.counter,
        .task = statement.task,
        .task_name = statement.task_name,
        .labels = statement.labels,
        .restores = statement.release,
        .note = fmt::format("permit to go back to release {}", statement.release),
        .tool = statement.tool};
    for (const auto& manifest : earlier.manifests()) {
        core::ManifestContent content = manifest->content();
        content.release = numbers.release;
        content.counter = numbers.counter;
        if (auto added = add_manifest(permit, content, {}, key); !added) {
            return tl::unexpected(added.error());
        }
    }
    return seal(permit, {}, key);
}

}  // namespace frugal::release
