// SPDX-License-Identifier: Apache-2.0
#include "app/revocation.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/site_files.hpp"

namespace frugal::app {
namespace {

constexpr base::WallTime kNow{1'790'000'000'000};

class RevocationTest : public testing::Test {
protected:
    RevocationTest()
        : directory_(std::filesystem::path(testing::TempDir()) /
                     ("revocation-" + std::to_string(::getpid()))),
          files_(directory_),
          authority_(*crypto::SiteAuthority::create(*base::SiteId::parse("plant-7"), kNow)) {
        std::filesystem::remove_all(directory_);
        std::filesystem::create_directories(files_.revocation_list().parent_path());
        std::filesystem::create_directories(files_.revocation_number().parent_path());
        std::filesystem::create_directories(files_.reload_stamp().parent_path());
        // Nobody listens there: a take-over never ends.
        settings_.broker.host = (directory_ / "no-broker.sock").string();
        settings_.broker.port = 0;
    }
    ~RevocationTest() override { std::filesystem::remove_all(directory_); }

    static core::RevokedCertificate revoked(std::uint8_t serial) {
        return {*base::DeviceId::parse("some"), {serial}, kNow};
    }

    bool is_listed(std::uint8_t serial) const {
        std::stringstream list;
        list << std::ifstream(files_.revocation_list()).rdbuf();
        const auto listed =
            crypto::is_revoked(list.str(), authority_.root().pem, crypto::SerialNumber{{serial}});
        return listed && *listed;
    }

    std::filesystem::path directory_;
    SiteFiles files_;
    crypto::SiteAuthority authority_;
    RevocationSettings settings_;
    boost::asio::io_context loop_;
};

TEST_F(RevocationTest, TheListDoesNotWaitBehindATakeOver) {
    Revocation revocation(loop_, files_, authority_, settings_);
    int answers = 0;
    const auto count = [&](const base::Result<void>&) { ++answers; };
    revocation.publish({base::WorkId{1}, {revoked(5)}, *base::DeviceId::parse("first")}, count);
    EXPECT_TRUE(is_listed(5));
    EXPECT_FALSE(is_listed(6));
    revocation.publish(
        {base::WorkId{2}, {revoked(5), revoked(6)}, *base::DeviceId::parse("second")}, count);
    EXPECT_TRUE(is_listed(6));
    EXPECT_EQ(answers, 0);
}

TEST_F(RevocationTest, WithoutASessionToCloseTheAnswerIsNext) {
    Revocation revocation(loop_, files_, authority_, settings_);
    int waits = 0;
    bool is_done = false;
    revocation.publish({base::WorkId{1}, {revoked(5)}, *base::DeviceId::parse("first")},
                       [&](const base::Result<void>&) { ++waits; });
    revocation.publish({base::WorkId{2}, {revoked(5), revoked(6)}, std::nullopt},
                       [&](const base::Result<void>& outcome) { is_done = outcome.has_value(); });
    EXPECT_FALSE(is_done) << "handlers are called later";
    loop_.poll();
    EXPECT_TRUE(is_done);
    EXPECT_EQ(waits, 0);
}

TEST_F(RevocationTest, ARemoteBrokerIsLeftToItsOwner) {
    settings_.can_take_over = false;
    Revocation revocation(loop_, files_, authority_, settings_);
    std::optional<base::ErrorKind> kind;
    revocation.publish({base::WorkId{1}, {revoked(5)}, *base::DeviceId::parse("first")},
                       [&](const base::Result<void>& outcome) {
                           kind = outcome ? std::nullopt : std::optional(outcome.error().kind);
                       });
    EXPECT_TRUE(is_listed(5));
    loop_.poll();
    EXPECT_EQ(kind, base::ErrorKind::kUnsupported);
}

}  // namespace
}  // namespace frugal::app
