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
constexpr std::uint32_t kSelfTestSeed = 0x46525547;
constexpr std::uint32_t kSelfTestStep = 0x9e3779b9;
constexpr int kSelfTestTries = 64;
constexpr std::size_t kSelfTests = 2;

/// The decoder works in the model's arena: the best profile whose memory every device that can run
/// the model has.
std::uint8_t profile_for(std::uint32_t arena_bytes) {
    constexpr std::uint32_t kMargin = 128;  // alignment, and pointers of a 64-bit device
    return arena_bytes >= FR_CODEC_RAM_BYTES_2 + kMargin ? 2 : 1;
}

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
    content.decoder_profile = profile_for(content.arena_bytes);
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

Result<void> add_artifacts(core::ImportRelease& import, core::VariantRecord& variant,
                           base::ByteView stream) {
    for (const std::uint32_t block_bytes : kBlockSizes) {
        auto artifact = model::build_artifact(stream, block_bytes);
        if (!artifact) {
            return tl::unexpected(artifact.error());
        }
        core::ArtifactRecord record;
        record.digest = artifact->digest;
        record.size_bytes = static_cast<std::uint32_t>(artifact->bytes.size());
        record.block_bytes = block_bytes;
        record.list_digest = artifact->list_digest;
        variant.artifacts.push_back(record);
        add_blob(import, artifact->digest, core::BlobKind::kArtifact, std::move(artifact->bytes));
    }
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
    auto stream = model::encode(variant.tflite, model::plan_of_tflite(variant.tflite, *summary),
                                {static_cast<std::uint8_t>(content->decoder_profile), {}, {}});
    if (!stream) {
        return tl::unexpected(stream.error());
    }
    auto decoder_ram = model::decoder_ram_bytes(*stream);
    if (!decoder_ram) {
        return tl::unexpected(decoder_ram.error());
    }
    content->decoder_ram_bytes = *decoder_ram;
    auto manifest = sign(*content, key);
    if (!manifest) {
        return tl::unexpected(manifest.error());
    }
    core::VariantRecord record;
    record.manifest = std::move(*manifest);
    if (auto added = add_artifacts(import, record, *stream); !added) {
        return added;
    }
    add_blob(import, content->model_digest, core::BlobKind::kSource, variant.tflite);
    import.source_bytes += variant.tflite.size();
    import.note += fmt::format("{}{} {} -> {} bytes", import.note.empty() ? "" : ", ",
                               variant.device_class.text(), variant.tflite.size(), stream->size());
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
