// SPDX-License-Identifier: Apache-2.0
// Nothing of a bundle is read by the daemon that a confined child did not read first.
#include "app/sandbox/release_trial.hpp"

#include "unit/release/author.hpp"

namespace frugal::app {
namespace {

using release::author_key;
using release::VerifiedBundle;

VerifiedBundle opened(const base::Bytes& bytes) {
    auto bundle = VerifiedBundle::open(bytes, author_key().public_key());
    EXPECT_TRUE(bundle) << bundle.error().describe();
    return std::move(*bundle);
}

/// The project's bundle with a base sent along, as a faulty tool of the author would make it.
base::Bytes bundle_with_base(const base::Bytes& base_file) {
    return release::resigned(release::fashion_bundle(), [&](auto& statement, auto& file) {
        statement.bases.push_back({release::class_named("m4"), crypto::sha256(base_file)});
        file.files.push_back(base_file);
    });
}

TEST(ReleaseTrial, PassesGoodVariantsAndBases) {
    const ModelTrial trial(FRUGAL_CONFINED_CHILD);
    const auto bundle = bundle_with_base(test::project_model("fashion-small-2.tflite"));
    const auto tried = try_bundle(trial, opened(bundle));
    EXPECT_TRUE(tried) << tried.error().describe();
}

TEST(ReleaseTrial, TriesTheBasesOfABundleToo) {
    const ModelTrial trial(FRUGAL_CONFINED_CHILD);
    auto damaged = test::project_model("fashion-small-2.tflite");
    damaged.resize(damaged.size() / 2);
    const auto tried = try_bundle(trial, opened(bundle_with_base(damaged)));
    ASSERT_FALSE(tried);
    EXPECT_EQ(tried.error().kind, base::ErrorKind::kInvalidInput);
    EXPECT_TRUE(tried.error().message.starts_with("base for device class m4: "))
        << tried.error().describe();
}

TEST(ReleaseTrial, AsksAChildBeforeAnythingElse) {
    const ModelTrial no_reader("/bin/echo");
    const auto bundle = try_bundle(no_reader, opened(release::fashion_bundle()));
    ASSERT_FALSE(bundle);
    EXPECT_EQ(bundle.error().message,
              "variant for device class tiny: its reader gave no proper answer");
    const auto upload = try_release(no_reader, release::fashion_source().release);
    ASSERT_FALSE(upload);
    EXPECT_EQ(upload.error().message, bundle.error().message);
}

}  // namespace
}  // namespace frugal::app
