// SPDX-License-Identifier: Apache-2.0
#include "app/start_code.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "support/temporary_directory.hpp"

namespace frugal::app {
namespace {

constexpr base::Instant kNow{std::chrono::hours(5)};
using Verdict = StartCodeVerdict;

class StartCodeTest : public testing::Test {
protected:
    std::filesystem::path file() const { return directory_.path() / "start.code"; }

    tests::TemporaryDirectory directory_;
    StartCode code_;
};

TEST_F(StartCodeTest, LeavesOnlyADigestThatTheDaemonTakesOnce) {
    const auto text = StartCode::leave(file());
    ASSERT_TRUE(text) << text.error().describe();
    std::stringstream content;
    content << std::ifstream(file()).rdbuf();
    EXPECT_EQ(content.str().find(text->substr(0, 4)), std::string::npos);
    struct stat status {};
    ASSERT_EQ(::stat(file().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);

    ASSERT_TRUE(code_.take(file(), kNow));
    EXPECT_FALSE(std::filesystem::exists(file()));
    EXPECT_EQ(code_.check(*text, kNow), Verdict::kRight);
    EXPECT_EQ(code_.role(), wire::Role::kAdmin);

    StartCode next_daemon;
    ASSERT_TRUE(next_daemon.take(file(), kNow));
    EXPECT_EQ(next_daemon.check(*text, kNow), Verdict::kWrong);
}

TEST_F(StartCodeTest, IsGoodOnceAndForATime) {
    const std::string text = code_.renew(wire::Role::kViewer, kNow);
    EXPECT_EQ(code_.role(), wire::Role::kViewer);
    const auto last = kNow + StartCode::kTimeToLive;
    EXPECT_EQ(code_.check(text, last), Verdict::kRight);
    EXPECT_EQ(code_.check(text, last + base::Duration(1)), Verdict::kExpired);
    code_.use();
    EXPECT_EQ(code_.check(text, kNow), Verdict::kUsed);
    const std::string newer = code_.renew(wire::Role::kAdmin, kNow);
    EXPECT_EQ(code_.check(text, kNow), Verdict::kWrong);
    EXPECT_EQ(code_.check(newer, kNow), Verdict::kRight);
}

TEST_F(StartCodeTest, NothingElseIsRight) {
    EXPECT_EQ(code_.check("0000-0000-0000-0000", kNow), Verdict::kWrong);
    const std::string text = code_.renew(wire::Role::kAdmin, kNow);
    for (const std::string& wrong : {std::string(), std::string("frg_x"), text + "0",
                                     text.substr(1), std::string(4096, 'A')}) {
        EXPECT_EQ(code_.check(wrong, kNow), Verdict::kWrong) << wrong;
    }
}

TEST_F(StartCodeTest, ADamagedFileIsNamedAndNoCode) {
    std::ofstream(file()) << "nonsense\n";
    ASSERT_EQ(::chmod(file().c_str(), 0600), 0);
    const auto taken = code_.take(file(), kNow);
    ASSERT_FALSE(taken);
    EXPECT_NE(taken.error().message.find(file().string()), std::string::npos);
    EXPECT_FALSE(taken.error().remedy.empty());
}

}  // namespace
}  // namespace frugal::app
