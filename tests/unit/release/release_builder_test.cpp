// SPDX-License-Identifier: Apache-2.0
#include "release/release_builder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "crypto/sha256.hpp"
#include "frugal/artifact.h"
#include "frugal/codec.h"
#include "frugal/limits.h"
#include "model/codec/codec.hpp"
#include "model/codec/tflite_plan.hpp"
#include "release/encodings.hpp"
#include "release/model_facts.hpp"
#include "support/model_files.hpp"

namespace frugal::release {
namespace {

using test::project_model;
using test::shared_model;

ReleaseSource source_of(base::Bytes tflite) {
    ReleaseSource source{*base::ModelName::parse("fashion"), 3, 5, 1, {}};
    source.variants.push_back({*base::ClassName::parse("tiny"), std::move(tflite)});
    return source;
}

class ReleaseBuilder : public testing::Test {
protected:
    void SetUp() override {
        auto key = crypto::ReleaseKey::generate();
        ASSERT_TRUE(key);
        key_ = std::make_unique<crypto::ReleaseKey>(std::move(*key));
    }
    std::unique_ptr<crypto::ReleaseKey> key_;
};

TEST_F(ReleaseBuilder, SignsWhatTheFileIsAndPacksItWithoutLoss) {
    const base::Bytes tflite = project_model("fashion-tiny-1.tflite");
    ASSERT_FALSE(tflite.empty());
    const auto import = build_release(source_of(tflite), *key_);
    ASSERT_TRUE(import) << import.error().describe();
    ASSERT_EQ(import->variants.size(), 1u);
    const auto& variant = import->variants[0];
    const auto& manifest = variant.manifest->content();
    EXPECT_TRUE(key_->public_key().verify(variant.manifest->blob().content(),
                                          variant.manifest->blob().signature()));
    EXPECT_EQ(manifest.release, 3u);
    EXPECT_EQ(manifest.counter, 5u);
    EXPECT_EQ(manifest.model_digest, crypto::sha256(tflite));
    EXPECT_EQ(manifest.model_bytes, tflite.size());
    EXPECT_EQ(manifest.input_bytes, 784u);
    EXPECT_EQ(manifest.output_classes, 10u);
    EXPECT_LE(manifest.arena_bytes, 2048u) << "the tiny class has 2 KB";
    EXPECT_EQ(manifest.self_tests.size(), 2u);
    EXPECT_NE(manifest.self_tests[0].output_digest, manifest.self_tests[1].output_digest);

    for (const auto& artifact : variant.artifacts) {
        const auto blob = std::find_if(import->blobs.begin(), import->blobs.end(),
                                       [&](auto& one) { return one.digest == artifact.digest; });
        ASSERT_NE(blob, import->blobs.end());
        EXPECT_EQ(crypto::sha256(*blob->bytes), artifact.digest);
        fr_artifact_layout_t layout{};
        ASSERT_EQ(fr_artifact_layout(artifact.size_bytes, artifact.block_bytes, &layout), FR_OK);
        EXPECT_EQ(fr_artifact_verify_first(blob->bytes->data(), layout.first_bytes,
                                           artifact.list_digest.data()),
                  FR_OK);
        const auto decoded =
            model::decode(base::ByteView(*blob->bytes).subspan(layout.list_bytes), tflite.size());
        ASSERT_TRUE(decoded) << decoded.error().describe();
        EXPECT_EQ(*decoded, tflite);
        EXPECT_LT(artifact.size_bytes, tflite.size());
    }
}

TEST_F(ReleaseBuilder, EncodesForEveryProfileAndAgainstWhatDevicesRun) {
    const auto running = project_model("fashion-tiny-1.tflite");
    auto tuned = running;
    const auto plan = model::plan_of_tflite(running);
    for (const auto& region : plan.regions) {
        for (std::size_t i = 0; region.kind == model::RegionKind::kWeights && i < region.size_bytes;
             i += 50) {
            tuned[region.offset + i] ^= 1;
        }
    }
    auto source = source_of(tuned);
    const auto other = project_model("fashion-small-1.tflite");
    source.bases = {{source.variants[0].device_class, crypto::sha256(running), running},
                    {*base::ClassName::parse("m4"), crypto::sha256(other), other}};
    const auto import = build_release(source, *key_);
    ASSERT_TRUE(import) << import.error().describe();
    std::map<std::uint32_t, std::uint32_t> full;
    std::map<std::uint32_t, std::uint32_t> delta;
    for (const auto& artifact : import->variants[0].artifacts) {
        if (artifact.block_bytes != 256) {
            continue;
        }
        auto& sizes = artifact.base_digest ? delta : full;
        sizes[artifact.decoder_profile] = artifact.size_bytes;
        EXPECT_EQ(artifact.base_digest.value_or(crypto::sha256(running)), crypto::sha256(running));
        EXPECT_GT(artifact.decoder_ram_bytes, 0U);
    }
    EXPECT_EQ(full.size(), FR_CODEC_PROFILES);
    EXPECT_LE(full[2], full[1]);
    ASSERT_TRUE(delta.count(1));
    EXPECT_LT(delta[1], full[1] / 2);

    // The same once it is released, by who holds no key.
    auto late = import->variants[0];
    const auto same = encode_deltas(late, tuned, source.bases[0]);
    ASSERT_TRUE(same) << same.error().describe();
    std::erase_if(late.artifacts, [](const auto& artifact) { return !artifact.base_digest; });
    ASSERT_EQ(same->artifacts.size(), late.artifacts.size());
    for (const auto& artifact : same->artifacts) {
        EXPECT_NE(std::ranges::find(late.artifacts, artifact), late.artifacts.end());
        EXPECT_NE(std::ranges::find(same->blobs, artifact.digest, &core::BlobRecord::digest),
                  same->blobs.end());
    }
    const auto tree = project_model("fashion-bonsai.frbn");
    const auto none = encode_deltas(import->variants[0], tuned,
                                    {source.bases[0].device_class, crypto::sha256(tree), tree});
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->artifacts.empty()) << "nothing in common";
}

TEST_F(ReleaseBuilder, StatesATreeAsANodeFindsIt) {
    const auto tree = project_model("fashion-bonsai.frbn");
    auto source = source_of(tree);
    auto tuned = tree;
    for (std::size_t i = 1; i < 200; i += 20) {
        tuned[tree.size() - i] ^= 1;
    }
    source.bases = {{source.variants[0].device_class, crypto::sha256(tuned), tuned}};
    const auto import = build_release(source, *key_);
    ASSERT_TRUE(import) << import.error().describe();
    const auto& variant = import->variants.at(0);
    const auto& manifest = variant.manifest->content();
    EXPECT_EQ(manifest.operators, std::vector<std::uint32_t>{255 * 256 + 1});
    EXPECT_EQ(manifest.arena_bytes, 784U);
    EXPECT_EQ(manifest.output_classes, 10U);
    ASSERT_EQ(manifest.self_tests.size(), 2U);
    EXPECT_NE(manifest.self_tests[0].output_digest, manifest.self_tests[1].output_digest);
    EXPECT_TRUE(check_facts(manifest, tree));
    EXPECT_FALSE(check_facts(manifest, tuned));
    EXPECT_EQ(variant.stripped_bytes, 0U) << "nothing in a tree is dead weight";
    EXPECT_TRUE(std::ranges::any_of(variant.artifacts, [&](const auto& artifact) {
        return artifact.base_digest == crypto::sha256(tuned) && artifact.size_bytes < 500;
    }));
}

// What travels beside the coded tree, whatever block size a device takes: the manifest as it is
// signed, the stream's header and the block list.
TEST_F(ReleaseBuilder, ATreeTravelsWithAtMost160BytesAroundIt) {
    for (const auto* name : {"fashion-bonsai.frbn", "mnist-2-bonsai.frbn"}) {
        auto source = source_of(project_model(name));
        source.variants[0].accuracy_permyriad = 8489;
        const auto import = build_release(source, *key_);
        ASSERT_TRUE(import) << import.error().describe();
        const auto& variant = import->variants.at(0);
        const auto manifest = variant.manifest->blob().content().size();
        for (const auto& artifact : variant.artifacts) {
            fr_artifact_layout_t layout{};
            ASSERT_EQ(fr_artifact_layout(artifact.size_bytes, artifact.block_bytes, &layout),
                      FR_OK);
            const auto around = manifest + FR_CODEC_HEADER_SIZE + layout.list_bytes;
            std::printf(
                "%s, profile %u, blocks of %u: %u travel, %zu of it and of the manifest "
                "beside the tree, + 64 signature\n",
                name, static_cast<unsigned>(artifact.decoder_profile),
                static_cast<unsigned>(artifact.block_bytes),
                static_cast<unsigned>(artifact.size_bytes), around);
            EXPECT_LE(around, 160U)
                << name << " in blocks of " << artifact.block_bytes << ": manifest " << manifest
                << ", header " << FR_CODEC_HEADER_SIZE << ", list " << layout.list_bytes;
        }
    }
}

TEST_F(ReleaseBuilder, ADeltaThatReadsFarBackComesOnceMoreForOneSlot) {
    const auto running = shared_model("aww_v1_20210209.tflite");
    const auto next = shared_model("aww_v2_20210210.tflite");
    if (running.empty() || next.empty()) {
        GTEST_SKIP() << "aww_v*.tflite are absent: set FRUGAL_SHARED_DIR";
    }
    auto source = source_of(next);
    source.bases = {{source.variants[0].device_class, crypto::sha256(running), running}};
    const auto import = build_release(source, *key_);
    ASSERT_TRUE(import) << import.error().describe();
    std::uint32_t far_bytes = 0;
    std::uint32_t near_bytes = 0;
    for (const auto& artifact : import->variants[0].artifacts) {
        EXPECT_TRUE(artifact.base_digest || artifact.base_lag_bytes == 0);
        if (artifact.base_digest && artifact.block_bytes == 256 && artifact.decoder_profile == 1) {
            auto& bytes = artifact.base_lag_bytes > FR_REACH_BYTES ? far_bytes : near_bytes;
            EXPECT_EQ(bytes, 0U) << "one of each";
            bytes = artifact.size_bytes;
        }
    }
    ASSERT_GT(far_bytes, 0U);
    EXPECT_GT(near_bytes, 0U);
    EXPECT_LT(near_bytes, far_bytes + 64);
}

TEST_F(ReleaseBuilder, NamesTheVariantThatIsNoModel) {
    const auto import = build_release(source_of({1, 2, 3}), *key_);
    ASSERT_FALSE(import);
    EXPECT_NE(import.error().message.find("device class tiny"), std::string::npos);
}

TEST_F(ReleaseBuilder, PermitNamesTheOldModelUnderAHigherCounter) {
    const auto import = build_release(source_of(project_model("fashion-tiny-1.tflite")), *key_);
    ASSERT_TRUE(import);
    auto earlier = std::make_shared<core::ReleaseRecord>(
        core::ReleaseRecord{{}, import->model, 3, 5, 1, import->source_bytes, {}, {}, {}, {}});
    earlier->variants = import->variants;
    const auto permit = build_permit({earlier, 4, 9}, *key_);
    ASSERT_TRUE(permit) << permit.error().describe();
    const auto& manifest = permit->variants.at(0).manifest->content();
    EXPECT_EQ(manifest.counter, 9u);
    EXPECT_EQ(manifest.model_digest, import->variants[0].manifest->content().model_digest);
    EXPECT_TRUE(permit->blobs.empty()) << "no bytes travel for a rollback";
}

}  // namespace
}  // namespace frugal::release
