// SPDX-License-Identifier: Apache-2.0
#include "cli/claims_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/temporary_directory.hpp"

namespace frugal::cli {
namespace {

mode_t mode_of(const std::filesystem::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 0777;
}

std::string content_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ClaimsFile, BelongsToItsOwnerAloneFromTheStart) {
    const tests::TemporaryDirectory directory;
    const auto path = directory.path() / "claims.csv";
    const mode_t before = ::umask(0);
    {
        auto file = ClaimsFile::open(path.string());
        ASSERT_TRUE(file);
        EXPECT_EQ(mode_of(path), 0600u);  // before a code is in it
        ASSERT_TRUE(file->append("press-1", "7K2M-9QXT"));
        ASSERT_TRUE(file->append("press-2", "AAAA-BBBB"));
    }
    ::umask(before);
    EXPECT_EQ(content_of(path), "press-1,7K2M-9QXT\npress-2,AAAA-BBBB\n");
}

TEST(ClaimsFile, TakesAFileThatIsThereAwayFromOthersAndAddsToIt) {
    const tests::TemporaryDirectory directory;
    const auto path = directory.path() / "claims.csv";
    std::ofstream(path) << "old,CODE\n";
    ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
    auto file = ClaimsFile::open(path.string());
    ASSERT_TRUE(file);
    EXPECT_EQ(mode_of(path), 0600u);
    ASSERT_TRUE(file->append("press-1", "7K2M-9QXT"));
    EXPECT_EQ(content_of(path), "old,CODE\npress-1,7K2M-9QXT\n");
}

TEST(ClaimsFile, SaysWhyItCannotBeOpened) {
    const auto file = ClaimsFile::open("/nonexistent/claims.csv");
    ASSERT_FALSE(file);
    EXPECT_NE(file.error().message.find("/nonexistent/claims.csv"), std::string::npos);
    EXPECT_FALSE(file.error().cause.empty());
    EXPECT_FALSE(file.error().remedy.empty());
}

TEST(ClaimsFile, SaysWhenACodeCannotBeWritten) {
    auto file = ClaimsFile::open("/dev/full");
    ASSERT_TRUE(file);
    const auto written = file->append("press-1", "7K2M-9QXT");
    ASSERT_FALSE(written);
    EXPECT_NE(written.error().message.find("press-1"), std::string::npos);
    EXPECT_FALSE(written.error().cause.empty());
}

}  // namespace
}  // namespace frugal::cli
