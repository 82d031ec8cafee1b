// SPDX-License-Identifier: Apache-2.0
// Encodings that a release gets after its import.
#include "unit/storage/database_fixture.hpp"

namespace frugal::storage {
namespace {

core::ArtifactRecord artifact(std::uint8_t name, std::optional<base::Digest> base = {}) {
    return {.digest = core::digest_of(name),
            .size_bytes = 7,
            .block_bytes = 512,
            .list_digest = core::digest_of(1),
            .base_digest = base};
}

core::BlobRecord blob(std::uint8_t name) {
    return {.digest = core::digest_of(name), .bytes = std::make_shared<const base::Bytes>(7, name)};
}

TEST_F(DatabaseTest, GivesBackEncodingsThatCameLaterBehindTheOthers) {
    core::ReleaseRecord release{.model = core::model_name("net"), .release = 1, .counter = 1};
    release.variants.push_back(
        {core::signed_manifest(core::manifest_content("net", 1, 1)), {artifact(4)}});
    const auto more = artifact(6, core::digest_of(9));
    const core::ArtifactAdded second{core::ReleaseNumber{0}, 0, 1, more};
    const core::ArtifactAdded third{core::ReleaseNumber{0}, 0, 2, more};
    core::WriteBatch imported;
    imported.records = {release, blob(4)};
    core::WriteBatch added;
    added.records = {second, blob(6)};
    core::WriteBatch torn;
    torn.records = {third, blob(7), third};
    {
        auto database = open();
        ASSERT_TRUE(database.commit(imported));
        ASSERT_TRUE(database.commit(added));
        EXPECT_FALSE(database.commit(torn)) << "two in one place";
    }
    const auto loaded = open().load();
    ASSERT_TRUE(loaded) << loaded.error().describe();
    EXPECT_EQ(loaded->releases.at(0).variants.at(0).artifacts, (std::vector{artifact(4), more}));
    auto reader = Reader::open(path());
    ASSERT_TRUE(reader);
    EXPECT_TRUE(reader->blob(core::digest_of(6)));
    EXPECT_FALSE(reader->blob(core::digest_of(7))) << "all or none";
}

}  // namespace
}  // namespace frugal::storage
