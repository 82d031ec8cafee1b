// SPDX-License-Identifier: Apache-2.0
// Bytes that are asked for before they are stored.
#include "app/blob_cache.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "storage/database.hpp"

namespace frugal::app {
namespace {

class HeldBlobs : public ::testing::Test {
protected:
    HeldBlobs() {
        directory =
            std::filesystem::temp_directory_path() / ("frugal-blobs-" + std::to_string(::getpid()));
        std::filesystem::create_directories(directory);
        const auto path = (directory / "frugal.db").string();
        auto opened = storage::Database::open({.path = path, .ballast_bytes = 0});
        EXPECT_TRUE(opened) << opened.error().describe();
        database = std::make_unique<storage::Database>(std::move(*opened));
        cache = std::make_unique<BlobCache>(std::move(*storage::Reader::open(path)), 1);
    }
    ~HeldBlobs() override {
        cache.reset();
        database.reset();
        std::filesystem::remove_all(directory);
    }

    std::filesystem::path directory;
    std::unique_ptr<storage::Database> database;
    std::unique_ptr<BlobCache> cache;
    const base::Digest digest{1};
    const SharedBytes bytes = std::make_shared<const base::Bytes>(base::Bytes(100, 7));
};

TEST_F(HeldBlobs, AreGivenUntilTheyAreReleasedAsOftenAsHeld) {
    EXPECT_FALSE(cache->get(digest));
    cache->hold(digest, bytes);
    cache->hold(digest, bytes);
    cache->release(digest);
    const auto found = cache->get(digest);
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_EQ(*found, bytes);
    cache->release(digest);
    EXPECT_FALSE(cache->get(digest)) << "nothing stored it";
    cache->release(digest);
}

}  // namespace
}  // namespace frugal::app
