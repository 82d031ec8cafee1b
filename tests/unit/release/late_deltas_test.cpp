// SPDX-License-Identifier: Apache-2.0
#include "release/late_deltas.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "crypto/sha256.hpp"
#include "release/release_builder.hpp"
#include "support/model_files.hpp"

namespace frugal::release {
namespace {

using base::Bytes;
using test::project_model;

/// fashion@3 of two variants, imported before anybody ran anything.
class LateDeltasTest : public testing::Test {
protected:
    void SetUp() override {
        const auto key = crypto::ReleaseKey::generate();
        ASSERT_TRUE(key);
        ReleaseSource source{*base::ModelName::parse("fashion"), 3, 5, 1, {}};
        for (const std::string number : {"1", "2"}) {
            const auto model = project_model("fashion-tiny-" + number + ".tflite");
            source.variants.push_back({*base::ClassName::parse("class-" + number), model});
            models_.push_back(store(model));
            auto tuned = model;
            tuned[model.size() / 2] ^= 1;
            bases_.push_back(store(std::move(tuned)));
        }
        const auto import = build_release(source, *key);
        ASSERT_TRUE(import) << import.error().describe();
        plan_.release = std::make_shared<const core::ReleaseRecord>(core::ReleaseRecord{
            .model = import->model, .release = 3, .variants = import->variants});
        plan_.missing = {{0, bases_[0], 2}, {1, bases_[1], 1}};
    }

    base::Digest store(Bytes bytes) {
        const auto digest = crypto::sha256(bytes);
        stored_[digest] = std::move(bytes);
        return digest;
    }
    LateDeltas make(std::size_t time_for = SIZE_MAX) {
        return make_late_deltas(
            plan_,
            [this](const base::Digest& digest) -> base::Result<Bytes> {
                const auto found = stored_.find(digest);
                if (found == stored_.end()) {
                    return base::fail(base::ErrorKind::kCorrupt, "blob is damaged");
                }
                return found->second;
            },
            [&time_for] { return time_for-- != 0; });
    }

    std::map<base::Digest, Bytes> stored_;
    std::vector<base::Digest> models_;
    std::vector<base::Digest> bases_;
    core::EncodingPlan plan_;
};

TEST_F(LateDeltasTest, NamesTheVariantsTheModelsAndHoldsAllBytes) {
    const auto made = make();
    EXPECT_TRUE(made.errors.empty());
    EXPECT_EQ(made.left, 0u);
    EXPECT_EQ(made.added.model.text(), "fashion");
    EXPECT_EQ(made.added.release, 3u);
    ASSERT_EQ(made.added.variants.size(), 2u);
    std::set<base::Digest> artifacts;
    for (std::uint32_t place = 0; place < 2; ++place) {
        const auto& variant = made.added.variants[place];
        EXPECT_EQ(variant.variant, place);
        EXPECT_EQ(variant.model_digest, models_[place]);
        ASSERT_FALSE(variant.artifacts.empty());
        for (const auto& artifact : variant.artifacts) {
            EXPECT_EQ(artifact.base_digest, bases_[place]);
            artifacts.insert(artifact.digest);
        }
    }
    std::set<base::Digest> blobs;
    for (const auto& blob : made.added.blobs) {
        EXPECT_TRUE(blobs.insert(blob.digest).second);
    }
    EXPECT_EQ(blobs, artifacts);
}

TEST_F(LateDeltasTest, ADamagedBaseIsToldAndKeepsNoOtherAway) {
    stored_.erase(bases_[0]);
    const auto made = make();
    ASSERT_EQ(made.errors.size(), 1u);
    EXPECT_NE(made.errors[0].describe().find("no delta of fashion@3 against model "),
              std::string::npos)
        << made.errors[0].describe();
    EXPECT_NE(made.errors[0].describe().find("blob is damaged"), std::string::npos);
    EXPECT_TRUE(made.useless.empty()) << "it may be mended";
    ASSERT_EQ(made.added.variants.size(), 1u);
    EXPECT_EQ(made.added.variants[0].variant, 1u);
}

TEST_F(LateDeltasTest, ADamagedModelIsToldAsWell) {
    stored_.erase(models_[1]);
    const auto made = make();
    EXPECT_EQ(made.errors.size(), 1u);
    ASSERT_EQ(made.added.variants.size(), 1u);
    EXPECT_EQ(made.added.variants[0].variant, 0u);
}

TEST_F(LateDeltasTest, WhatDoesNotPayIsTold) {
    plan_.missing[0].base = store(project_model("fashion-bonsai.frbn"));
    const auto made = make();
    ASSERT_EQ(made.useless.size(), 1u);
    EXPECT_EQ(made.useless[0].base, plan_.missing[0].base);
    EXPECT_EQ(made.added.variants.size(), 1u);
}

TEST_F(LateDeltasTest, NothingIsBegunWhenTheTimeIsUp) {
    const auto some = make(1);
    EXPECT_EQ(some.left, 1u);
    ASSERT_EQ(some.added.variants.size(), 1u);
    EXPECT_EQ(some.added.variants[0].variant, 0u);
    const auto none = make(0);
    EXPECT_EQ(none.left, 2u);
    EXPECT_TRUE(none.added.variants.empty());
}

}  // namespace
}  // namespace frugal::release
