// SPDX-License-Identifier: Apache-2.0
#include "support/device/release_maker.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "base/assert.hpp"
#include "frugal/bonsai.h"
#include "frugal/classify.h"
#include "frugal/self_test.h"
#include "frugal/sha256.h"
#include "model/codec/codec.hpp"
#include "model/codec/model_plan.hpp"
#include "support/model_files.hpp"

namespace frugal::test {
namespace {

constexpr std::uint8_t kProfile = 1;

crypto::ReleaseKey make_key() {
    auto key = crypto::ReleaseKey::generate();
    FRUGAL_ASSERT(key.has_value());
    return std::move(*key);
}

struct Measured {
    std::uint32_t arena_bytes = 0;
    std::uint32_t input_bytes = 0;
    std::uint32_t classes = 0;
    base::Bytes output_digest;
};

bool is_tree(const base::Bytes& file) {
    return base::as_text(file).starts_with("FRBN");
}

Measured measure_tree(const base::Bytes& file, std::uint32_t seed) {
    fr_bonsai_t tree;
    FRUGAL_ASSERT(fr_bonsai_open(&tree, file.data(), file.size()) == FR_OK);
    base::Bytes input(tree.input_count);
    fr_self_test_input(seed, input.data(), input.size());
    std::array<std::int32_t, FR_CLASSES_MAX> scores{};
    FRUGAL_ASSERT(fr_bonsai_scores(&tree, reinterpret_cast<const std::int8_t*>(input.data()),
                                   input.size(), scores.data()) == FR_OK);
    base::Bytes output;
    for (std::uint32_t i = 0; i < tree.score_count; ++i) {
        for (int shift = 0; shift < 32; shift += 8) {
            output.push_back(
                static_cast<std::uint8_t>(static_cast<std::uint32_t>(scores[i]) >> shift));
        }
    }
    const auto digest = sha256(output);
    return {tree.input_count, tree.input_count, tree.class_count,
            base::Bytes(digest.begin(), digest.begin() + FR_SELF_TEST_DIGEST_SIZE)};
}

Measured measure(const base::Bytes& file, std::uint32_t seed) {
    if (is_tree(file)) {
        return measure_tree(file, seed);
    }
    fr_model_t model;
    fr_plan_t plan;
    fr_tensor_t input;
    fr_tensor_t output;
    fr_interpreter_t interpreter;
    base::Bytes scratch(1U << 20);
    FRUGAL_ASSERT(fr_model_open(&model, file.data(), file.size(), nullptr) == FR_OK);
    FRUGAL_ASSERT(fr_model_plan(&model, scratch.data(), scratch.size(), &plan) == FR_OK);
    FRUGAL_ASSERT(fr_model_input(&model, 0, &input) == FR_OK);
    FRUGAL_ASSERT(fr_model_output(&model, 0, &output) == FR_OK);
    FRUGAL_ASSERT(fr_interpreter_init(&interpreter, &model, scratch.data(), scratch.size()) ==
                  FR_OK);
    base::Bytes state(plan.state_size_bytes);
    FRUGAL_ASSERT(fr_interpreter_bind_state(&interpreter, state.data(), state.size()) == FR_OK);
    Measured measured{plan.arena_size_bytes, input.size_bytes, fr_class_count(&output),
                      base::Bytes(FR_SELF_TEST_DIGEST_SIZE)};
    FRUGAL_ASSERT(fr_self_test_run(&interpreter, seed, measured.output_digest.data()) == FR_OK);
    return measured;
}

}  // namespace

base::Bytes read_model(const std::string& file) {
    auto bytes = project_model(file);
    FRUGAL_ASSERT(!bytes.empty());
    return bytes;
}

base::Digest sha256(base::ByteView bytes) {
    base::Digest digest{};
    fr_sha256(bytes.data(), bytes.size(), digest.data());
    return digest;
}

base::Bytes serialize(const google::protobuf::MessageLite& message) {
    base::Bytes bytes(message.ByteSizeLong());
    FRUGAL_ASSERT(message.SerializeToArray(bytes.data(), static_cast<int>(bytes.size())));
    return bytes;
}

ReleaseMaker::ReleaseMaker() : key_(make_key()) {}

v1::SignedBlob ReleaseMaker::sign(const base::Bytes& content) const {
    const auto signature = key_.sign(content);
    FRUGAL_ASSERT(signature.has_value());
    v1::SignedBlob blob;
    blob.set_content(content.data(), content.size());
    blob.set_signature(signature->data(), signature->size());
    blob.set_key_id(key_.key_id());
    return blob;
}

Release ReleaseMaker::make(const std::string& file, std::uint32_t counter,
                           std::uint32_t block_bytes, const ManifestChange& change) const {
    return make_of(read_model(file), counter, block_bytes, change, {});
}

Release ReleaseMaker::tune(const Release& base, std::uint32_t counter) const {
    constexpr std::size_t kEvery = 9;
    auto model = base.model;
    for (const auto& region : model::plan_of_model(model).regions) {
        if (region.kind != model::RegionKind::kWeights) {
            continue;
        }
        for (std::size_t i = 0; i < region.size_bytes; i += kEvery) {
            model[region.offset + i] ^= 1;
        }
    }
    return make_of(std::move(model), counter, base.artifact.layout.block_bytes, {}, base.model);
}

Release ReleaseMaker::make_of(base::Bytes model, std::uint32_t counter, std::uint32_t block_bytes,
                              const ManifestChange& change, const base::Bytes& base) const {
    constexpr std::uint32_t kSeed = 0xC0FFEE;
    Release release;
    release.model = std::move(model);
    release.model_digest = sha256(release.model);
    const auto measured = measure(release.model, kSeed);
    auto& manifest = release.manifest;
    manifest.set_format(1);
    manifest.set_model("fashion");
    manifest.set_release(counter);
    manifest.set_counter(counter);
    manifest.set_task(1);
    manifest.set_device_class("any");
    manifest.set_runtime_abi(FR_RUNTIME_ABI);
    manifest.set_model_digest(release.model_digest.data(), release.model_digest.size());
    manifest.set_model_bytes(static_cast<std::uint32_t>(release.model.size()));
    manifest.set_arena_bytes(measured.arena_bytes);
    manifest.set_input_bytes(measured.input_bytes);
    manifest.set_output_classes(measured.classes);
    auto* self_test = manifest.add_self_tests();
    self_test->set_seed(kSeed);
    self_test->set_output_digest(measured.output_digest.data(), measured.output_digest.size());
    if (is_tree(release.model)) {
        manifest.add_operators(FR_OPERATOR_BONSAI);
    }
    if (change) {
        change(manifest);
    }
    release.signed_manifest = sign(serialize(manifest));
    const auto encoded =
        model::encode_with_statistics(release.model, model::plan_of_model(release.model),
                                      {kProfile, base, model::plan_of_model(base)});
    FRUGAL_ASSERT(encoded.has_value() && encoded->is_delta == !base.empty());
    release.decoder_profile = encoded->profile;
    release.decoder_ram_bytes = *model::decoder_ram_bytes(encoded->stream);
    release.base_lag_bytes = encoded->base_lag_bytes;
    if (encoded->is_delta) {
        const auto digest = sha256(base);
        release.base_digest.assign(digest.begin(), digest.end());
    }
    auto artifact = model::build_artifact(encoded->stream, block_bytes);
    FRUGAL_ASSERT(artifact.has_value());
    release.artifact = std::move(*artifact);
    return release;
}

Release ReleaseMaker::again(const Release& release, std::uint32_t counter) const {
    return changed(release, [counter](v1::Manifest& manifest) {
        manifest.set_release(counter);
        manifest.set_counter(counter);
    });
}

Release ReleaseMaker::changed(Release release, const ManifestChange& change) const {
    change(release.manifest);
    release.signed_manifest = sign(serialize(release.manifest));
    return release;
}

Release ReleaseMaker::with_full(Release delta) const {
    auto whole = make_of(delta.model, delta.manifest.counter(), delta.artifact.layout.block_bytes);
    whole.manifest = delta.manifest;
    whole.signed_manifest = delta.signed_manifest;
    delta.in_full = std::make_shared<Release>(std::move(whole));
    return delta;
}

v1::SignedBlob ReleaseMaker::policy(std::uint32_t id, std::uint8_t gain, std::uint8_t weight,
                                    fr_tier_t tier, std::uint8_t task) const {
    fr_policy_task_spec_t rule{};
    rule.task = task;
    rule.tier = static_cast<std::uint8_t>(tier);
    rule.weights[0] = weight;
    return sign_policy(id, gain, rule);
}

v1::SignedBlob ReleaseMaker::policy_for(std::uint32_t id, std::uint8_t gain,
                                        const base::Digest& model) const {
    fr_policy_task_spec_t rule{};
    rule.task = 1;
    rule.tier = FR_TIER_EDGE;
    rule.weights[0] = gain == 0 ? 255 : 0;
    rule.model = static_cast<std::uint16_t>(fr_policy_model_tag(model.data()));
    return sign_policy(id, gain, rule);
}

v1::SignedBlob ReleaseMaker::sign_policy(std::uint32_t id, std::uint8_t gain,
                                         fr_policy_task_spec_t rule) const {
    rule.group_count = 1;
    for (auto& entry : rule.gains[0]) {
        entry = gain;
    }
    const fr_policy_spec_t spec{id, 0, nullptr, 0, &rule, 1};
    base::Bytes bytes(FR_POLICY_SIZE_MAX);
    std::size_t size = 0;
    FRUGAL_ASSERT(fr_policy_build(&spec, bytes.data(), bytes.size(), &size) == FR_OK);
    bytes.resize(size);
    return sign(bytes);
}

}  // namespace frugal::test
