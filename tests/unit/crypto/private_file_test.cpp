// SPDX-License-Identifier: Apache-2.0
#include "crypto/private_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temporary_directory.hpp"

namespace frugal::crypto {
namespace {

using base::ErrorKind;
using tests::TemporaryDirectory;

unsigned mode_of(const std::filesystem::path& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777u : 0u;
}

TEST(PrivateFile, writes_with_the_mode_asked_for_and_reads_back) {
    struct Case {
        const char* case_name;
        FileAccess access;
        unsigned mode;
    };
    const TemporaryDirectory directory;
    for (const Case& c : {Case{"owner", FileAccess::kOwnerOnly, 0600},
                          Case{"group", FileAccess::kGroupReadable, 0640},
                          Case{"all", FileAccess::kReadable, 0644}}) {
        SCOPED_TRACE(c.case_name);
        const auto path = directory.path() / c.case_name;
        ASSERT_TRUE(write_file(path, base::as_bytes("first"), c.access));
        ASSERT_TRUE(write_file(path, base::as_bytes("second"), c.access));
        EXPECT_EQ(mode_of(path), c.mode);
        EXPECT_EQ(read_file(path, 100).value(), "second");
        EXPECT_FALSE(std::filesystem::exists(path.string() + ".new"));
    }
}

TEST(PrivateFile, refuses_a_private_file_that_others_can_read) {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "key";
    ASSERT_TRUE(write_file(path, base::as_bytes("secret"), FileAccess::kReadable));
    const auto result = read_private_file(path, 100);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::kDenied);
    EXPECT_NE(result.error().remedy.find("chmod 600"), std::string::npos);
}

TEST(PrivateFile, says_what_is_missing_or_too_long) {
    const TemporaryDirectory directory;
    const auto missing = read_file(directory.path() / "none", 100);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, ErrorKind::kNotFound);
    ASSERT_TRUE(write_file(directory.path() / "long", base::Bytes(101), FileAccess::kOwnerOnly));
    EXPECT_EQ(read_file(directory.path() / "long", 100).error().kind, ErrorKind::kLimit);
    EXPECT_TRUE(read_file(directory.path() / "long", 101));
    EXPECT_FALSE(write_file(directory.path() / "no" / "file", {}, FileAccess::kOwnerOnly));
}

}  // namespace
}  // namespace frugal::crypto
