// SPDX-License-Identifier: Apache-2.0
#include "cli/files.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace frugal::cli {
namespace {

namespace fs = std::filesystem;

class FilesTest : public testing::Test {
protected:
    void SetUp() override {
        folder = fs::path(testing::TempDir()) /
                 testing::UnitTest::GetInstance()->current_test_info()->name();
        fs::remove_all(folder);
        fs::create_directories(folder);
    }
    void TearDown() override { fs::remove_all(folder); }
    std::string path(const std::string& name) const { return (folder / name).string(); }
    std::size_t count() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
    }
    fs::path folder;
    const base::Bytes one{1, 2, 3};
    const base::Bytes other{4, 5};
};

TEST_F(FilesTest, MakesAndReplacesAFileAndLeavesNothingBeside) {
    ASSERT_TRUE(write_bytes(path("out"), one));
    EXPECT_EQ(read_bytes(path("out")).value(), one);
    ASSERT_TRUE(write_bytes(path("out"), other));
    EXPECT_EQ(read_bytes(path("out")).value(), other);
    EXPECT_EQ(count(), 1U);
}

TEST_F(FilesTest, WritesThroughALinkInsteadOfReplacingIt) {
    ASSERT_TRUE(write_bytes(path("target"), one));
    fs::create_symlink(path("target"), path("link"));
    ASSERT_TRUE(write_bytes(path("link"), other));
    EXPECT_TRUE(fs::is_symlink(path("link")));
    EXPECT_EQ(read_bytes(path("target")).value(), other);
}

TEST_F(FilesTest, SaysWhyAFileCannotBeWritten) {
    const auto nowhere = write_bytes(path("no/such/folder"), one);
    ASSERT_FALSE(nowhere);
    EXPECT_NE(nowhere.error().message.find("no/such/folder"), std::string::npos);
    EXPECT_FALSE(nowhere.error().cause.empty());
    fs::create_directory(path("folder"));
    EXPECT_FALSE(write_bytes(path("folder"), one));
    EXPECT_EQ(count(), 1U) << "nothing half-written stays";
}

TEST_F(FilesTest, SaysThatAFileIsNotThere) {
    const auto missing = read_bytes(path("missing"));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, base::ErrorKind::kNotFound);
}

}  // namespace
}  // namespace frugal::cli
