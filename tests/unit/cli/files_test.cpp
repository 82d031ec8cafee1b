// SPDX-License-Identifier: Apache-2.0
#include "cli/files.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

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

TEST_F(FilesTest, NeverReplacesAPrivateKey) {
    const std::string key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n";
    ASSERT_TRUE(write_bytes(path("release.key"), base::as_bytes(key)));
    const auto written = write_bytes(path("release.key"), one);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().kind, base::ErrorKind::kConflict);
    EXPECT_EQ(base::as_text(read_bytes(path("release.key")).value()), key);
    const std::string shared = "-----BEGIN PUBLIC KEY-----\n";
    ASSERT_TRUE(write_bytes(path("release.pub"), base::as_bytes(shared)));
    EXPECT_TRUE(write_bytes(path("release.pub"), one));
}

TEST_F(FilesTest, AnOutputIsNoneOfTheInputs) {
    ASSERT_TRUE(write_bytes(path("model"), one));
    fs::create_symlink(path("model"), path("link"));
    fs::create_hard_link(path("model"), path("twin"));
    for (const auto* name : {"model", "link", "twin", "./model"}) {
        const auto checked = check_output(path(name), {"", path("missing"), path("model")});
        ASSERT_FALSE(checked) << name;
        EXPECT_EQ(checked.error().kind, base::ErrorKind::kConflict);
    }
    EXPECT_TRUE(check_output(path("new"), {path("model"), path("new")}));
    EXPECT_FALSE(check_output(path("model"), {folder.string()})) << "one of a folder of inputs";
    EXPECT_TRUE(check_output(path("new"), {folder.string()}));
    EXPECT_FALSE(check_output("-", {})) << "a file of that name is never meant";
    EXPECT_TRUE(check_output("/dev/null", {}));
}

TEST_F(FilesTest, ReadsAPipeToItsEnd) {
    const auto fifo = path("fifo");
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    base::Bytes many(200'000, 7);
    std::thread writer([&] {
        std::ofstream(fifo, std::ios::binary)
            .write(reinterpret_cast<const char*>(many.data()),
                   static_cast<std::streamsize>(many.size()));
    });
    EXPECT_EQ(read_bytes(fifo).value(), many);
    writer.join();
}

TEST_F(FilesTest, ADirectoryIsNoFile) {
    const auto read = read_bytes(folder.string());
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().describe().find("it is a directory"), std::string::npos);
}

TEST_F(FilesTest, SaysThatAFileIsNotThere) {
    const auto missing = read_bytes(path("missing"));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, base::ErrorKind::kNotFound);
}

}  // namespace
}  // namespace frugal::cli
