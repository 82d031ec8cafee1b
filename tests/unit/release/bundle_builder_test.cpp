// SPDX-License-Identifier: Apache-2.0
#include "release/bundle_builder.hpp"

#include "release/model_facts.hpp"
#include "unit/release/author.hpp"

namespace frugal::release {
namespace {

using base::ErrorKind;

base::Result<VerifiedBundle> open(const base::Bytes& bytes) {
    return VerifiedBundle::open(bytes, author_key().public_key());
}

TEST(BundleBuilder, KeepsProvenanceAndFacts) {
    BundleSource source = fashion_source();
    source.release.variants[1].accuracy_permyriad = 8912;
    source.provenance[1] = {.source_digest = base::Digest{1},
                            .calibration_digest = base::Digest{2},
                            .recipe = "one-shot",
                            .recipe_digest = base::Digest{3},
                            .recipe_text = "name = \"one-shot\"",
                            .stages = {{"as given", 1000, 900}, {"prune", 1000, 400}},
                            .evaluation = {128, 999'000, 0, 0, -120}};
    source.data_digest = base::Digest{7};
    source.labels = ten_labels();
    source.release.bases.push_back({class_named("m4"),
                                    crypto::sha256(test::project_model("fashion-small-2.tflite")),
                                    test::project_model("fashion-small-2.tflite")});
    const auto bytes = build_bundle(source, author_key());
    ASSERT_TRUE(bytes) << bytes.error().describe();
    const auto bundle = open(*bytes);
    ASSERT_TRUE(bundle) << bundle.error().describe();
    EXPECT_EQ(bundle->statement().variants[1].provenance, source.provenance[1]);
    EXPECT_EQ(bundle->statement().variants[0].provenance, wire::Provenance{});
    EXPECT_EQ(bundle->statement().labels, source.labels);
    const auto& manifest = bundle->manifests()[1]->content();
    EXPECT_EQ(manifest.accuracy_permyriad, 8912u);
    EXPECT_EQ(manifest.data_digest.at(0), 7);
    EXPECT_EQ(manifest.model_digest, crypto::sha256(source.release.variants[1].tflite));
    EXPECT_EQ(manifest.self_tests.size(), 2u);
    ASSERT_NE(bundle->file(source.release.bases[0].digest), nullptr);
    EXPECT_EQ(*bundle->file(source.release.bases[0].digest), source.release.bases[0].tflite);
}

TEST(BundleBuilder, StatesTheSameOfTheSameModels) {
    const auto one = open(*build_bundle(fashion_source(), author_key()));
    const auto other = open(*build_bundle(fashion_source(), author_key()));
    for (std::size_t i = 0; i < 2; ++i) {  // ES256 signatures differ, what they sign does not
        EXPECT_EQ(one->statement().variants[i].manifest, other->statement().variants[i].manifest);
    }
}

TEST(BundleBuilder, CarriesAModelOfTwoClassesOnce) {
    BundleSource source = fashion_source();
    source.release.variants[0].tflite = source.release.variants[1].tflite;
    const auto bytes = build_bundle(source, author_key());
    ASSERT_TRUE(bytes);
    EXPECT_LT(bytes->size(), source.release.variants[0].tflite.size() + 4096);
    EXPECT_TRUE(open(*bytes));
}

TEST(BundleBuilder, SeveralVariantsForAClassMustDifferAndStateTheirAccuracy) {
    BundleSource source = fashion_source();
    source.release.variants[0].device_class = source.release.variants[1].device_class;
    source.release.variants[1].accuracy_permyriad = 9000;
    EXPECT_NE(build_bundle(source, author_key()).error().describe().find("state its accuracy"),
              std::string::npos);
    source.release.variants[0].accuracy_permyriad = 8000;
    EXPECT_TRUE(build_bundle(source, author_key()));
    source.release.variants[0].tflite = source.release.variants[1].tflite;
    EXPECT_NE(build_bundle(source, author_key()).error().describe().find("the same model"),
              std::string::npos);
}

TEST(BundleBuilder, RefusesLabelsThatAreNotTheModelsClasses) {
    BundleSource source = fashion_source();
    source.labels = {"a", "b"};
    const auto bytes = build_bundle(source, author_key());
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().kind, ErrorKind::kConflict);
    EXPECT_NE(bytes.error().describe().find("10 classes apart, but there are 2 labels"),
              std::string::npos)
        << bytes.error().describe();
}

TEST(BundleBuilder, RefusesALabelGivenTwice) {
    BundleSource source = fashion_source();
    source.labels = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "a"};
    const auto bytes = build_bundle(source, author_key());
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().kind, ErrorKind::kInvalidInput);
    EXPECT_EQ(bytes.error().message, "two classes have the label \"a\"");
}

TEST(CheckClasses, OneScoreTellsTwoApart) {
    const auto file = test::shared_model("mww2_okay_nabu_20241001.tflite");
    if (file.empty()) {
        GTEST_SKIP() << "no shared models; set FRUGAL_SHARED_DIR";
    }
    core::ManifestContent content{.model = *base::ModelName::parse("wake-word"),
                                  .device_class = class_named("tiny")};
    ASSERT_TRUE(state_facts(content, file));
    EXPECT_EQ(content.output_classes, 2U);
    EXPECT_TRUE(check_classes(content, {"yes", "no"}));
    EXPECT_TRUE(check_classes(content, {}));
    EXPECT_FALSE(check_classes(content, {"yes", "no", "perhaps"}));
}

TEST(BundleBuilder, NamesTheVariantThatIsNoModel) {
    BundleSource source = fashion_source();
    source.release.variants[1].tflite = base::Bytes(64, 1);
    const auto bytes = build_bundle(source, author_key());
    ASSERT_FALSE(bytes);
    EXPECT_NE(bytes.error().describe().find("device class m4"), std::string::npos);
}

TEST(BundleBuilder, RefusesATextThatIsTooLong) {
    BundleSource source = fashion_source();
    source.provenance[0].recipe_text = std::string(wire::kRecipeBytesMax + 1, 'x');
    EXPECT_NE(build_bundle(source, author_key()).error().describe().find("recipe_text"),
              std::string::npos);
}

TEST(BundleBuilder, APermitHasHigherNumbersAndNoModels) {
    const auto earlier = open(fashion_bundle());
    const auto bytes = build_permit_bundle(*earlier, {4, 6}, author_key());
    ASSERT_TRUE(bytes) << bytes.error().describe();
    EXPECT_LT(bytes->size(), 4096u) << "must fit the request of a rollback";
    const auto permit = open(*bytes);
    ASSERT_TRUE(permit) << permit.error().describe();
    EXPECT_TRUE(permit->is_permit());
    EXPECT_EQ(permit->statement().restores, 3u);
    EXPECT_EQ(permit->manifests()[0]->content().counter, 6u);
    EXPECT_EQ(permit->manifests()[0]->content().model_digest,
              earlier->manifests()[0]->content().model_digest);
    EXPECT_FALSE(build_permit_bundle(*earlier, {3, 6}, author_key()));
    EXPECT_FALSE(build_permit_bundle(*earlier, {4, 5}, author_key()));
    EXPECT_FALSE(build_permit_bundle(*permit, {8, 8}, author_key()));
}

}  // namespace
}  // namespace frugal::release
