// SPDX-License-Identifier: Apache-2.0
#include "simulation/world/release_shelf.hpp"

#include <algorithm>
#include <array>

#include "base/assert.hpp"
#include "crypto/verified_manifest.hpp"
#include "frugal/codec.h"
#include "frugal/policy.h"
#include "frugal/self_test.h"
#include "model/codec/artifact.hpp"
#include "model/codec/codec.hpp"
#include "model/codec/tflite_plan.hpp"
#include "model/tflite/summary.hpp"
#include "support/device/release_maker.hpp"
#include "wire/manifest.hpp"

namespace frugal::simulation {

namespace {

constexpr std::array<std::uint32_t, 2> kBlockSizes = {256, 1024};
constexpr std::uint32_t kSelfTestSeed = 0xC0FFEE;

crypto::ReleaseKey make_key() {
    auto key = crypto::ReleaseKey::generate();
    FRUGAL_ASSERT(key.has_value());
    return std::move(*key);
}

/// What a model needs and what it answers to its self-test.
void measure(const base::Bytes& file, core::ManifestContent& content) {
    fr_model_t model;
    fr_plan_t plan;
    fr_interpreter_t interpreter;
    fr_tensor_t input;
    fr_tensor_t output;
    base::Bytes scratch(1U << 20);
    FRUGAL_ASSERT(fr_model_open(&model, file.data(), file.size(), nullptr) == FR_OK);
    FRUGAL_ASSERT(fr_model_plan(&model, scratch.data(), scratch.size(), &plan) == FR_OK);
    FRUGAL_ASSERT(fr_model_input(&model, 0, &input) == FR_OK);
    FRUGAL_ASSERT(fr_model_output(&model, 0, &output) == FR_OK);
    FRUGAL_ASSERT(fr_interpreter_init(&interpreter, &model, scratch.data(), scratch.size()) ==
                  FR_OK);
    FRUGAL_ASSERT(input.size_bytes == kInputBytes && output.element_count == kClasses);
    content.arena_bytes = plan.arena_size_bytes;
    content.input_bytes = input.size_bytes;
    content.output_classes = output.element_count;
    core::SelfTest test;
    test.seed = kSelfTestSeed;
    FRUGAL_ASSERT(fr_self_test_run(&interpreter, test.seed, test.output_digest.data()) == FR_OK);
    content.self_tests.push_back(test);
}

base::ModelName model_name() {
    return *base::ModelName::parse(kModelName);
}

constexpr std::uint8_t kProfile = 1;

/// Every other weight without its last bit.
base::Bytes coarse(base::Bytes tflite) {
    for (const auto& region : model::plan_of_tflite(tflite).regions) {
        if (region.kind != model::RegionKind::kWeights) {
            continue;
        }
        for (std::size_t i = 0; i < region.size_bytes; i += 2) {
            tflite[region.offset + i] &= 0xFE;
        }
    }
    return tflite;
}

core::ImportRelease empty_import(std::uint32_t release, std::uint32_t counter) {
    return {.model = model_name(),
            .release = release,
            .counter = counter,
            .task = kTask,
            .note = {},
            .variants = {},
            .blobs = {}};
}

void drop_deltas(core::ImportRelease& import) {
    for (auto& variant : import.variants) {
        for (const auto& artifact : variant.artifacts) {
            std::erase_if(import.blobs, [&](const auto& blob) {
                return artifact.base_digest && blob.digest == artifact.digest;
            });
        }
        std::erase_if(variant.artifacts,
                      [](const auto& artifact) { return artifact.base_digest.has_value(); });
    }
}

}  // namespace

base::Digest sha256(base::ByteView bytes) {
    return test::sha256(bytes);
}

ReleaseShelf& ReleaseShelf::instance() {
    static ReleaseShelf shelf;
    return shelf;
}

ReleaseShelf::ReleaseShelf()
    : key_(make_key()),
      stranger_(make_key()),
      edge_(test::read_model("fashion-tiny-2.tflite")),
      first_model_(static_cast<std::uint16_t>(
          fr_policy_model_tag(sha256(test::read_model("fashion-tiny-1.tflite")).data()))),
      nonsense_(sign_policy(base::Bytes(40, 0xA5))) {}

ReleaseShelf::Packed ReleaseShelf::pack(base::Bytes tflite, const std::string& device_class) const {
    Packed packed{.tflite = std::move(tflite),
                  .content = {.model = model_name(),
                              .task = kTask,
                              .device_class = *base::ClassName::parse(device_class),
                              .runtime_abi = FR_RUNTIME_ABI,
                              .operators = {},
                              .self_tests = {},
                              .data_digest = {}},
                  .artifacts = {},
                  .blobs = {}};
    packed.content.model_digest = sha256(packed.tflite);
    packed.content.model_bytes = static_cast<std::uint32_t>(packed.tflite.size());
    measure(packed.tflite, packed.content);
    add_artifacts(packed, {});
    return packed;
}

void ReleaseShelf::add_artifacts(Packed& packed, const base::Bytes& base) const {
    const auto encoded =
        model::encode_with_statistics(packed.tflite, model::plan_of_tflite(packed.tflite),
                                      {kProfile, base, model::plan_of_tflite(base)});
    FRUGAL_ASSERT(encoded.has_value() && encoded->is_delta == !base.empty());
    const auto base_digest = base.empty() ? std::nullopt : std::optional(sha256(base));
    for (const auto block_bytes : kBlockSizes) {
        auto artifact = model::build_artifact(encoded->stream, block_bytes);
        FRUGAL_ASSERT(artifact.has_value());
        packed.artifacts.push_back(
            {.digest = artifact->digest,
             .size_bytes = static_cast<std::uint32_t>(artifact->bytes.size()),
             .block_bytes = block_bytes,
             .list_digest = artifact->list_digest,
             .base_digest = base_digest,
             .decoder_profile = kProfile,
             .decoder_ram_bytes = *model::decoder_ram_bytes(encoded->stream),
             .base_lag_bytes = encoded->base_lag_bytes});
        packed.blobs.push_back({artifact->digest, core::BlobKind::kArtifact,
                                std::make_shared<const base::Bytes>(std::move(artifact->bytes))});
    }
}

const ReleaseShelf::Packed& ReleaseShelf::tuned(const std::string& size,
                                                const std::string& device_class, Content content) {
    const auto key = size + " " + device_class + (content == Content::kFirst ? "" : " tuned");
    const auto found = tuned_.find(key);
    if (found != tuned_.end()) {
        return found->second;
    }
    const auto first = test::read_model("fashion-" + size + "-1.tflite");
    auto packed = pack(content == Content::kFirst ? first : coarse(first), device_class);
    add_artifacts(packed, content == Content::kFirst ? coarse(first) : first);
    return tuned_.emplace(key, std::move(packed)).first->second;
}

const ReleaseShelf::Packed& ReleaseShelf::packed(const std::string& file,
                                                 const std::string& device_class, bool is_coarse) {
    const auto key = file + " " + device_class + (is_coarse ? " coarse" : "");
    const auto found = packed_.find(key);
    if (found != packed_.end()) {
        return found->second;
    }
    auto tflite = test::read_model(file);
    return packed_
        .emplace(key, pack(is_coarse ? coarse(std::move(tflite)) : std::move(tflite), device_class))
        .first->second;
}

core::ManifestPointer ReleaseShelf::sign(const core::ManifestContent& content) {
    auto bytes = wire::encode_manifest(content);
    FRUGAL_ASSERT(bytes.has_value());
    auto& manifest = signed_[*bytes];
    if (!manifest) {
        const auto signature = key_.sign(*bytes);
        FRUGAL_ASSERT(signature.has_value());
        auto verified =
            crypto::VerifiedManifest::verify(std::move(*bytes), *signature, key_.public_key());
        FRUGAL_ASSERT(verified.has_value());
        auto parsed = wire::parse_manifest(core::SignedBlob(*verified));
        FRUGAL_ASSERT(parsed.has_value());
        manifest = std::make_shared<const core::VerifiedManifest>(std::move(*parsed));
    }
    return manifest;
}

void ReleaseShelf::add(core::ImportRelease& import, const Packed& made,
                       core::ManifestContent manifest, Content content) {
    manifest.release = import.release;
    manifest.counter = import.counter;
    if (content == Content::kBroken) {
        manifest.self_tests.front().output_digest[0] ^= 0xFF;
    }
    import.variants.push_back({sign(manifest), made.artifacts});
    import.blobs.insert(import.blobs.end(), made.blobs.begin(), made.blobs.end());
    import.source_bytes += made.tflite.size();
}

core::ImportRelease ReleaseShelf::release(Content content, std::uint32_t release,
                                          std::uint32_t counter, Lineage lineage) {
    auto import = empty_import(release, counter);
    const std::string generation = content == Content::kFirst ? "1" : "2";
    for (const std::string size : {"tiny", "small"}) {
        const std::string device_class = size == "tiny" ? "tiny" : "m4";
        const auto& made =
            lineage != Lineage::kTrainedAnew && content != Content::kBroken
                ? tuned(size, device_class, content)
                : packed("fashion-" + size + "-" + generation + ".tflite", device_class, false);
        add(import, made, made.content, content);
    }
    if (lineage == Lineage::kTunedWithoutDeltas) {
        drop_deltas(import);
    }
    return import;
}

core::ImportRelease ReleaseShelf::variants(Content content, std::uint32_t release,
                                           std::uint32_t counter) {
    struct Level {
        std::string size;
        std::string device_class;
        bool is_coarse = false;
        std::uint32_t accuracy_permyriad = 0;
        std::uint32_t arena_bytes = 0;  ///< stated; 0: as measured
    };
    const Level levels[] = {{"small", "tiny", false, 8990, 0},
                            {"tiny", "tiny", true, 8400, 0},
                            {"tiny", "tiny", false, 8500, kRoomyVariantArena},
                            {"tiny", "m4", true, 8400, 0},
                            {"small", "m4", false, 8990, 0}};
    auto import = empty_import(release, counter);
    const std::string generation = content == Content::kFirst ? "1" : "2";
    for (const auto& level : levels) {
        const auto& made = packed("fashion-" + level.size + "-" + generation + ".tflite",
                                  level.device_class, level.is_coarse);
        auto manifest = made.content;
        manifest.accuracy_permyriad = level.accuracy_permyriad;
        manifest.arena_bytes = std::max(manifest.arena_bytes, level.arena_bytes);
        add(import, made, std::move(manifest), content);
    }
    return import;
}

core::ImportRelease ReleaseShelf::permit(const core::RollbackPlan& plan) {
    auto import = empty_import(plan.release, plan.counter);
    for (const auto& variant : plan.restores->variants) {
        auto manifest = variant.manifest->content();
        manifest.release = plan.release;
        manifest.counter = plan.counter;
        import.variants.push_back({sign(manifest), variant.artifacts});
    }
    return import;
}

namespace {

// Where the only task of a policy without guards says which model it is for.
constexpr std::size_t kModelAt = FR_POLICY_HEADER_BYTES + 14;

base::Bytes with_model(base::ByteView form, std::uint32_t tag) {
    base::Bytes bytes(form.begin(), form.end());
    if (fr_policy_has_task(bytes.data(), bytes.size(), kTask)) {
        bytes[kModelAt] = static_cast<std::uint8_t>(tag);
        bytes[kModelAt + 1] = static_cast<std::uint8_t>(tag >> 8);
    }
    return bytes;
}

}  // namespace

base::Bytes without_model(base::ByteView form) {
    return with_model(form, 0);
}

core::SignedPointer ReleaseShelf::policy_for_model(const base::Bytes& form,
                                                   const base::Digest& model) {
    return policy_blob(with_model(form, fr_policy_model_tag(model.data())));
}

core::SignedPointer ReleaseShelf::policy_for_first_model(const base::Bytes& form) {
    return policy_blob(with_model(form, first_model_));
}

/// Escalates by chance only. `weight`: what one version for several classes differs by.
base::Bytes ReleaseShelf::compiled_policy(std::uint32_t id, std::uint32_t audit,
                                          std::uint8_t weight) const {
    fr_policy_task_spec_t task{};
    task.task = kTask;
    task.tier = FR_TIER_EDGE;
    task.group_count = 1;
    task.audit = static_cast<std::uint8_t>(audit);
    task.weights[0] = weight;
    task.shift = 4;
    task.model = first_model_;
    const fr_policy_spec_t spec{id, 0, nullptr, 0, &task, 1};
    base::Bytes bytes(FR_POLICY_SIZE_MAX);
    std::size_t size = 0;
    FRUGAL_ASSERT(fr_policy_build(&spec, bytes.data(), bytes.size(), &size) == FR_OK);
    bytes.resize(size);
    return bytes;
}

core::SignedPointer ReleaseShelf::policy_blob(const base::Bytes& bytes) {
    auto& blob = policies_[bytes];
    if (!blob) {
        blob = sign_policy(bytes);
    }
    return blob;
}

core::SetPolicy ReleaseShelf::policy(std::uint32_t id, std::uint32_t audit) {
    return policy_for({"any"}, id, audit);
}

core::SetPolicy ReleaseShelf::policy_for(const std::vector<std::string>& classes, std::uint32_t id,
                                         std::uint32_t audit) {
    core::SetPolicy command{{.task = kTask, .version = id}};
    std::uint8_t weight = 1;
    for (const auto& name : classes) {
        command.version.parts.push_back(
            {*base::ClassName::parse(name), policy_blob(compiled_policy(id, audit, weight++))});
    }
    return command;
}

core::SetPolicy ReleaseShelf::policy_again(const core::PolicyVersionRecord& source,
                                           std::uint32_t id) {
    core::SetPolicy command{source};
    command.version.version = id;
    command.version.origin = core::PolicyOrigin::kReverted;
    command.version.source = source.version;
    for (auto& part : command.version.parts) {
        auto bytes = part.blob->content();
        for (std::size_t i = 0; i < FR_POLICY_ID_BYTES; ++i) {
            bytes[FR_POLICY_ID_OFFSET + i] = static_cast<std::uint8_t>(id >> (8 * i));
        }
        part.blob = policy_blob(bytes);
    }
    return command;
}

core::SetEdgeModel ReleaseShelf::edge_model() {
    core::SetEdgeModel command;
    command.model = {
        .task = kTask, .digest = sha256(edge_), .name = "edge", .input_bytes = kInputBytes};
    command.blob = {command.model.digest, core::BlobKind::kEdgeModel,
                    std::make_shared<const base::Bytes>(edge_)};
    return command;
}

core::SignedPointer ReleaseShelf::sign_policy(const base::Bytes& bytes) const {
    const auto signature = key_.sign(bytes);
    FRUGAL_ASSERT(signature.has_value());
    auto verified = crypto::VerifiedManifest::verify(bytes, *signature, key_.public_key());
    FRUGAL_ASSERT(verified.has_value());
    return std::make_shared<const core::SignedBlob>(*verified);
}

std::string ReleaseShelf::foreign_signature(base::ByteView content) const {
    const auto signature = stranger_.sign(content);
    FRUGAL_ASSERT(signature.has_value());
    return {signature->begin(), signature->end()};
}

bool ReleaseShelf::has_policy(base::ByteView content) const {
    return policies_.contains(base::Bytes(content.begin(), content.end()));
}

bool ReleaseShelf::has_signed(base::ByteView manifest) const {
    return signed_.contains(base::Bytes(manifest.begin(), manifest.end()));
}

}  // namespace frugal::simulation
