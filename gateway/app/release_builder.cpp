// SPDX-License-Identifier: Apache-2.0
#include "app/release_builder.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "crypto/sha256.hpp"
#include "crypto/verified_manifest.hpp"
#include "frugal/codec.h"
#include "frugal/limits.h"
#include "inference/loaded_model.hpp"
#include "model/codec/artifact.hpp"
#include "model/codec/codec.hpp"
#include "model/codec/tflite_plan.hpp"
#include "model/tflite/summary.hpp"
#include "wire/manifest.hpp"

namespace frugal::app {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::array<std::uint32_t, 3> kBlockSizes = {256, 1024, 4096};
/// A delta must save so many bytes to be worth its rows and the risk of a missing base.
constexpr std::size_t kDeltaGain = 64;
constexpr std::uint32_t kSelfTestSeed = 0x46525547;
constexpr std::uint32_t kSelfTestStep = 0x9e3779b9;
constexpr int kSelfTestTries = 64;
constexpr std::size_t kSelfTests = 2;

/// The input of a self-test: see SelfTest in proto/frugal/v1/manifest.proto.
base::Bytes self_test_input(std::uint32_t seed, std::size_t size) {
    base::Bytes input(size);
    std::uint32_t state = seed;
    for (auto& byte : input) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        byte = static_cast<std::uint8_t>(state >> 24);
    }
    return input;
}

Result<core::SelfTest> self_test(inference::LoadedModel& model, std::uint32_t seed) {
    if (auto run = model.run(self_test_input(seed, model.input_size())); !run) {
        return tl::unexpected(run.error());
    }
    crypto::Sha256 hash;
    for (std::uint32_t port = 0; port < model.outputs().size(); ++port) {
        hash.update(model.output(port));
    }
    const base::Digest digest = hash.finish();
    core::SelfTest test;
    test.seed = seed;
    std::copy_n(digest.begin(), test.output_digest.size(), test.output_digest.begin());
    return test;
}

// Noise drives many classifiers into one saturated answer, and a golden vector that every broken
// model would pass too proves little: vectors with different outputs are looked for first.
Result<void> add_self_tests(core::ManifestContent& content, inference::LoadedModel& model) {
    std::uint32_t seed = kSelfTestSeed;
    for (int i = 0; i < kSelfTestTries && content.self_tests.size() < kSelfTests; ++i) {
        auto test = self_test(model, seed);
        if (!test) {
            return tl::unexpected(test.error());
        }
        const bool is_new = content.self_tests.empty() ||
                            content.self_tests.front().output_digest != test->output_digest;
        if (is_new || i == kSelfTestTries - 1) {
            content.self_tests.push_back(*test);
        }
        seed += kSelfTestStep;
    }
    return {};
}

Result<core::ManifestContent> describe(const ReleaseSource& source, const VariantSource& variant,
                                       const model::ModelSummary& summary) {
    auto loaded = inference::LoadedModel::load(variant.tflite);
    if (!loaded) {
        return tl::unexpected(loaded.error());
    }
    core::ManifestContent content{.model = source.model,
                                  .release = source.release,
                                  .counter = source.counter,
                                  .task = source.task,
                                  .device_class = variant.device_class,
                                  .operators = {},
                                  .self_tests = {},
                                  .data_digest = {}};
    content.runtime_abi = FR_RUNTIME_ABI;
    content.model_digest = crypto::sha256(variant.tflite);
    content.model_bytes = static_cast<std::uint32_t>(variant.tflite.size());
    content.arena_bytes = static_cast<std::uint32_t>(loaded->arena_size());
    for (const auto& one : summary.operators) {
        content.operators.push_back(static_cast<std::uint32_t>(one.code) * 256 +
                                    static_cast<std::uint32_t>(one.version));
    }
    std::sort(content.operators.begin(), content.operators.end());
    content.input_bytes = static_cast<std::uint32_t>(loaded->input_size());
    content.output_classes = loaded->outputs().front().tensor.element_count;
    content.state_bytes = static_cast<std::uint32_t>(loaded->state_size());
    content.multiply_accumulates = loaded->work();
    content.accuracy_permyriad = variant.accuracy_permyriad;
    if (auto added = add_self_tests(content, *loaded); !added) {
        return tl::unexpected(added.error());
    }
    return content;
}

Result<core::ManifestPointer> sign(const core::ManifestContent& content,
                                   const crypto::ReleaseKey& key) {
    auto bytes = wire::encode_manifest(content);
    if (!bytes) {
        return tl::unexpected(bytes.error());
    }
    auto signature = key.sign(*bytes);
    if (!signature) {
        return tl::unexpected(signature.error());
    }
    auto verified =
        crypto::VerifiedManifest::verify(std::move(*bytes), *signature, key.public_key());
    if (!verified) {
        return tl::unexpected(verified.error());
    }
    auto manifest = wire::parse_manifest(core::SignedBlob(*verified));
    if (!manifest) {
        return tl::unexpected(manifest.error());
    }
    return std::make_shared<const core::VerifiedManifest>(std::move(*manifest));
}

core::ImportRelease empty_import(const base::ModelName& model, std::uint32_t release,
                                 std::uint32_t counter, std::uint32_t task) {
    return {.model = model,
            .release = release,
            .counter = counter,
            .task = task,
            .note = {},
            .variants = {},
            .blobs = {}};
}

void add_blob(core::ImportRelease& import, const base::Digest& digest, core::BlobKind kind,
              base::Bytes bytes) {
    const bool is_known = std::any_of(import.blobs.begin(), import.blobs.end(),
                                      [&](const auto& blob) { return blob.digest == digest; });
    if (!is_known) {
        import.blobs.push_back(
            {digest, kind, std::make_shared<const base::Bytes>(std::move(bytes))});
    }
}

// Cuts one encoding for every block size.
Result<void> add_artifacts(core::ImportRelease& import, core::VariantRecord& variant,
                           const model::Encoded& encoded,
                           const std::optional<base::Digest>& base_digest) {
    const auto decoder_ram = model::decoder_ram_bytes(encoded.stream);
    if (!decoder_ram) {
        return tl::unexpected(decoder_ram.error());
    }
    for (const std::uint32_t block_bytes : kBlockSizes) {
        auto artifact = model::build_artifact(encoded.stream, block_bytes);
        if (!artifact) {
            return tl::unexpected(artifact.error());
        }
        variant.artifacts.push_back(
            {.digest = artifact->digest,
             .size_bytes = static_cast<std::uint32_t>(artifact->bytes.size()),
             .block_bytes = block_bytes,
             .list_digest = artifact->list_digest,
             .base_digest = base_digest,
             .decoder_profile = encoded.profile,
             .decoder_ram_bytes = *decoder_ram});
        add_blob(import, artifact->digest, core::BlobKind::kArtifact, std::move(artifact->bytes));
    }
    return {};
}

/// A file, and where its tensors lie: found once, used for every profile.
struct Planned {
    explicit Planned(base::ByteView file) : tflite(file), plan(model::plan_of_tflite(file)) {}
    base::ByteView tflite;
    model::SegmentPlan plan;
};

struct PlannedBase {
    base::Digest digest;
    Planned model;
};

/// The bases of a variant, each once although classes may share one.
std::vector<PlannedBase> bases_of(const ReleaseSource& source, const VariantSource& variant) {
    std::vector<PlannedBase> bases;
    for (const auto& base : source.bases) {
        const bool is_for_this =
            variant.device_class.text() == "any" || variant.device_class == base.device_class;
        const bool is_known =
            std::ranges::find(bases, base.digest, &PlannedBase::digest) != bases.end();
        if (is_for_this && !is_known && base.tflite != variant.tflite) {
            bases.push_back({base.digest, Planned(base.tflite)});
        }
    }
    return bases;
}

// One profile: the full encoding, and a delta for each base where that is smaller.
Result<std::size_t> add_profile(core::ImportRelease& import, core::VariantRecord& record,
                                const Planned& variant, const std::vector<PlannedBase>& bases,
                                std::uint8_t profile) {
    auto full = model::encode_with_statistics(variant.tflite, variant.plan, {profile, {}, {}});
    if (!full) {
        return tl::unexpected(full.error());
    }
    if (auto added = add_artifacts(import, record, *full, std::nullopt); !added) {
        return tl::unexpected(added.error());
    }
    for (const auto& base : bases) {
        auto delta = model::encode_with_statistics(variant.tflite, variant.plan,
                                                   {profile, base.model.tflite, base.model.plan});
        if (!delta) {
            return tl::unexpected(delta.error());
        }
        if (delta->is_delta && delta->stream.size() + kDeltaGain <= full->stream.size()) {
            if (auto added = add_artifacts(import, record, *delta, base.digest); !added) {
                return tl::unexpected(added.error());
            }
        }
    }
    return full->stream.size();
}

// What the device's decoder can do decides which encoding it gets, so there is one for each.
Result<void> add_encodings(core::ImportRelease& import, core::VariantRecord& record,
                           const ReleaseSource& source, const VariantSource& variant) {
    const Planned planned(variant.tflite);
    const auto bases = bases_of(source, variant);
    std::string sizes;
    for (std::uint8_t profile = 0; profile < FR_CODEC_PROFILES; ++profile) {
        const auto size = add_profile(import, record, planned, bases, profile);
        if (!size) {
            return tl::unexpected(size.error());
        }
        sizes += fmt::format("{}{}", sizes.empty() ? "" : "/", *size);
    }
    import.note += fmt::format("{}{} {} -> {} bytes", import.note.empty() ? "" : ", ",
                               variant.device_class.text(), variant.tflite.size(), sizes);
    return {};
}

Result<void> add_variant(core::ImportRelease& import, const ReleaseSource& source,
                         const VariantSource& variant, const crypto::ReleaseKey& key) {
    auto summary = model::read_model(variant.tflite);
    if (!summary) {
        return tl::unexpected(summary.error());
    }
    if (!summary->is_runnable) {
        return fail(
            ErrorKind::kUnsupported, "the device runtime cannot run this model",
            fmt::format("{}", fmt::join(summary->missing, "; ")),
            "Convert it with supported operators; frugalctl model inspect FILE lists them.");
    }
    auto content = describe(source, variant, *summary);
    if (!content) {
        return tl::unexpected(content.error());
    }
    auto manifest = sign(*content, key);
    if (!manifest) {
        return tl::unexpected(manifest.error());
    }
    core::VariantRecord record;
    record.manifest = std::move(*manifest);
    if (auto added = add_encodings(import, record, source, variant); !added) {
        return added;
    }
    add_blob(import, content->model_digest, core::BlobKind::kSource, variant.tflite);
    import.source_bytes += variant.tflite.size();
    import.variants.push_back(std::move(record));
    return {};
}

}  // namespace

Result<core::ImportRelease> build_release(const ReleaseSource& source,
                                          const crypto::ReleaseKey& key) {
    core::ImportRelease import =
        empty_import(source.model, source.release, source.counter, source.task);
    for (const auto& variant : source.variants) {
        if (auto added = add_variant(import, source, variant, key); !added) {
            return fail(added.error(), "variant for device class " + variant.device_class.text());
        }
    }
    return import;
}

Result<core::ImportRelease> build_permit(const core::RollbackPlan& plan,
                                         const crypto::ReleaseKey& key) {
    const core::ReleaseRecord& earlier = *plan.restores;
    core::ImportRelease import =
        empty_import(earlier.model, plan.release, plan.counter, earlier.task);
    import.source_bytes = earlier.source_bytes;
    import.note = fmt::format("permit to go back to release {}", earlier.release);
    for (const auto& variant : earlier.variants) {
        core::ManifestContent content = variant.manifest->content();
        content.release = plan.release;
        content.counter = plan.counter;
        auto manifest = sign(content, key);
        if (!manifest) {
            return tl::unexpected(manifest.error());
        }
        import.variants.push_back({std::move(*manifest), variant.artifacts});
    }
    return import;
}

}  // namespace frugal::app
