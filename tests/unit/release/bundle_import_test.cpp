// SPDX-License-Identifier: Apache-2.0
#include "release/bundle_import.hpp"

#include <algorithm>
#include <functional>

#include "unit/release/author.hpp"

namespace frugal::release {
namespace {

using base::ErrorKind;

VerifiedBundle opened(const base::Bytes& bytes) {
    auto bundle = VerifiedBundle::open(bytes, author_key().public_key());
    EXPECT_TRUE(bundle) << bundle.error().describe();
    return std::move(*bundle);
}

core::TaskRecord fashion_task() {
    return {.task = 1, .name = "fashion", .labels = ten_labels()};
}

TEST(BundleImport, EncodesForEveryProfileWithoutAnyKey) {
    const auto import = import_bundle(opened(fashion_bundle()), {});
    ASSERT_TRUE(import) << import.error().describe();
    EXPECT_EQ(import->release, 3u);
    EXPECT_EQ(import->counter, 5u);
    ASSERT_EQ(import->variants.size(), 2u);
    for (const auto& variant : import->variants) {
        EXPECT_EQ(variant.artifacts.size(), 9u) << "three profiles, three block sizes";
        EXPECT_TRUE(author_key().public_key().verify(variant.manifest->blob().content(),
                                                     variant.manifest->blob().signature()));
    }
}

TEST(BundleImport, MakesDeltasAgainstWhatTheFleetRuns) {
    auto old = test::project_model("fashion-small-1.tflite");
    old[old.size() / 2] ^= 1;
    const DeltaSource fleet{class_named("m4"), crypto::sha256(old), old};
    const auto import = import_bundle(opened(fashion_bundle()), {fleet});
    ASSERT_TRUE(import) << import.error().describe();
    EXPECT_TRUE(std::ranges::any_of(import->variants[1].artifacts, [&](const auto& artifact) {
        return artifact.base_digest == fleet.digest && artifact.size_bytes < 2000;
    }));
}

struct Lie {
    std::string case_name;
    std::string said;
    std::function<void(core::ManifestContent&)> change;
};

class ManifestThatLies : public testing::TestWithParam<Lie> {};

TEST_P(ManifestThatLies, IsRefusedNamingTheFact) {
    const auto bundle = opened(resigned(fashion_bundle(), [](auto& statement, auto&) {
        change_manifest(statement.variants[1], GetParam().change);
    }));
    const auto import = import_bundle(bundle, {});
    ASSERT_FALSE(import);
    EXPECT_NE(import.error().describe().find("device class m4"), std::string::npos);
    EXPECT_NE(import.error().describe().find(GetParam().said), std::string::npos)
        << import.error().describe();
}

INSTANTIATE_TEST_SUITE_P(
    All, ManifestThatLies,
    testing::Values(
        Lie{"Arena", "arena bytes", [](auto& content) { content.arena_bytes -= 1; }},
        Lie{"Bytes", "bytes", [](auto& content) { content.model_bytes += 4; }},
        Lie{"State", "state bytes", [](auto& content) { content.state_bytes += 8; }},
        Lie{"Work", "multiply-accumulates",
            [](auto& content) { content.multiply_accumulates = 7; }},
        Lie{"Input", "input bytes", [](auto& content) { content.input_bytes = 100; }},
        Lie{"Classes", "output classes", [](auto& content) { content.output_classes = 9; }},
        Lie{"Runtime", "runtime", [](auto& content) { content.runtime_abi += 1; }},
        Lie{"Operators", "operators", [](auto& content) { content.operators.pop_back(); }},
        Lie{"NoSelfTest", "self-tests", [](auto& content) { content.self_tests.clear(); }},
        Lie{"SelfTest", "self-test with seed",
            [](auto& content) { content.self_tests[0].output_digest[3] ^= 1; }}),
    [](const auto& lie) { return lie.param.case_name; });

TEST(BundleImport, TakesAnArenaLargerThanNeeded) {
    const auto bundle = opened(resigned(fashion_bundle(), [](auto& statement, auto&) {
        change_manifest(statement.variants[0], [](auto& content) { content.arena_bytes += 64; });
    }));
    EXPECT_TRUE(check_models(bundle));
}

TEST(BundleImport, FitsTheSite) {
    const auto bundle = opened(fashion_bundle());
    const auto task = fashion_task();
    EXPECT_TRUE(check_site(bundle, &task, {3, 5, {}}));
    EXPECT_TRUE(check_site(bundle, &task, {1, 1, {}})) << "the author's numbers may leap";
    EXPECT_EQ(check_site(bundle, nullptr, {1, 1, {}}).error().kind, ErrorKind::kNotFound);
    const auto old_counter = check_site(bundle, &task, {1, 6, {}});
    ASSERT_FALSE(old_counter);
    EXPECT_EQ(old_counter.error().kind, ErrorKind::kConflict);
    EXPECT_NE(old_counter.error().describe().find("--counter 6"), std::string::npos);
    EXPECT_FALSE(check_site(bundle, &task, {4, 1, {}})) << "the release number is taken";
}

core::ModelList site_with(const VerifiedBundle& bundle) {
    const auto& statement = bundle.statement();
    return {{std::make_shared<const core::ReleaseRecord>(
        core::ReleaseRecord{.number = core::ReleaseNumber{9},
                            .model = statement.model,
                            .release = statement.release,
                            .counter = statement.counter,
                            .task = statement.task,
                            .statement = bundle.signed_statement()})}};
}

TEST(BundleImport, KnowsABundleThatIsHereAlready) {
    const auto bundle = opened(fashion_bundle());
    const auto same = imported_before(bundle, site_with(bundle));
    ASSERT_TRUE(same);
    EXPECT_EQ(same->number, core::ReleaseNumber{9});
    EXPECT_EQ(same->release, 3u);
}

TEST(BundleImport, TakesNoOtherReleaseForTheSame) {
    const auto bundle = opened(fashion_bundle());
    EXPECT_FALSE(imported_before(bundle, {}));
    const auto other = opened(
        resigned(fashion_bundle(), [](auto& statement, auto&) { statement.note = "another"; }));
    EXPECT_FALSE(imported_before(bundle, site_with(other)));
    core::ModelList signed_here = site_with(bundle);
    auto record = *signed_here.releases.front();
    record.statement = nullptr;
    signed_here.releases = {std::make_shared<const core::ReleaseRecord>(record)};
    EXPECT_FALSE(imported_before(bundle, signed_here));
}

TEST(BundleImport, ComparesTheTaskItWasBuiltFor) {
    const auto task = fashion_task();
    const auto with = [&](auto change) {
        return check_site(
            opened(resigned(fashion_bundle(), [&](auto& statement, auto&) { change(statement); })),
            &task, {1, 1, {}});
    };
    EXPECT_TRUE(with([](auto& statement) { statement.task_name = "fashion"; }));
    EXPECT_FALSE(with([](auto& statement) { statement.task_name = "keyword"; }));
    EXPECT_TRUE(with([](auto& statement) { statement.labels = ten_labels(); }));
    EXPECT_FALSE(with([](auto& statement) {
        statement.labels = ten_labels();
        std::swap(statement.labels[0], statement.labels[1]);
    }));
}

TEST(BundleImport, ComparesTheTasksClassesWithTheModels) {
    auto task = fashion_task();
    task.labels.pop_back();
    const auto refused = check_site(opened(fashion_bundle()), &task, {1, 1, {}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kConflict);
    EXPECT_NE(refused.error().describe().find("10 classes apart, but there are 9 labels"),
              std::string::npos)
        << refused.error().describe();
}

class Permit : public testing::Test {
protected:
    void SetUp() override {
        const auto bundle = opened(fashion_bundle());
        auto import = import_bundle(bundle, {});
        ASSERT_TRUE(import);
        plan_.restores = std::make_shared<const core::ReleaseRecord>(
            core::ReleaseRecord{.model = import->model,
                                .release = import->release,
                                .counter = import->counter,
                                .task = import->task,
                                .source_bytes = import->source_bytes,
                                .variants = import->variants});
        plan_.release = 5;
        plan_.counter = 8;
    }

    static base::Bytes permit(PermitNumbers numbers) {
        auto bytes = build_permit_bundle(opened(fashion_bundle()), numbers, author_key());
        EXPECT_TRUE(bytes);
        return *bytes;
    }

    core::RollbackPlan plan_;
};

TEST_F(Permit, RestoresTheEarlierArtifactsUnderNewManifests) {
    const auto import = import_permit(opened(permit({5, 8})), plan_);
    ASSERT_TRUE(import) << import.error().describe();
    EXPECT_EQ(import->counter, 8u);
    EXPECT_TRUE(import->blobs.empty());
    ASSERT_EQ(import->variants.size(), 2u);
    EXPECT_EQ(import->variants[0].artifacts, plan_.restores->variants[0].artifacts);
    EXPECT_EQ(import->variants[0].manifest->content().counter, 8u);
}

TEST_F(Permit, IsRefusedForOtherNumbersAReleaseOrAChangedManifest) {
    EXPECT_EQ(import_permit(opened(permit({4, 8})), plan_).error().kind, ErrorKind::kConflict);
    EXPECT_NE(import_permit(opened(permit({5, 7})), plan_).error().describe().find("counter 8"),
              std::string::npos);
    EXPECT_EQ(import_permit(opened(fashion_bundle()), plan_).error().kind,
              ErrorKind::kInvalidInput);
    const auto changed = resigned(permit({5, 8}), [](auto& statement, auto&) {
        change_manifest(statement.variants[0], [](auto& content) { content.arena_bytes += 1; });
    });
    EXPECT_EQ(import_permit(opened(changed), plan_).error().kind, ErrorKind::kConflict);
    const auto fewer =
        resigned(permit({5, 8}), [](auto& statement, auto&) { statement.variants.pop_back(); });
    EXPECT_NE(import_permit(opened(fewer), plan_).error().describe().find("1 of 2"),
              std::string::npos);
    EXPECT_FALSE(check_site(opened(permit({5, 8})), nullptr, {1, 1, {}}));
}

}  // namespace
}  // namespace frugal::release
