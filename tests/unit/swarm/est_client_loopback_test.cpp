// SPDX-License-Identifier: Apache-2.0
// Enrolment at servers that never answer. Real listeners on 127.0.0.1.
#include "device-sim/enrol/est_client.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "crypto/site_authority.hpp"
#include "support/temporary_directory.hpp"

namespace frugal::swarm {
namespace {

using boost::asio::ip::tcp;

class EstClientLoopback : public ::testing::Test {
protected:
    EstClientLoopback() {
        const auto site = base::SiteId::parse("demo").value();
        const auto authority =
            crypto::SiteAuthority::create(site, base::WallTime{1'800'000'000'000}).value();
        std::ofstream(directory_.path() / "ca.pem") << authority.root().pem;
    }

    std::string url() const {
        return "https://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
    }
    Error refusal() {
        const auto tls = TlsContext::open(directory_.path() / "ca.pem").value();
        auto client = EstClient::create(url(), tls, std::chrono::seconds(1)).value();
        const auto identity = client.enrol("press-7", "0000-0000-0000-0000");
        return identity ? Error{} : identity.error();
    }

    tests::TemporaryDirectory directory_;
    boost::asio::io_context loop_;
    tcp::acceptor acceptor_{loop_, {boost::asio::ip::make_address("127.0.0.1"), 0}};
};

TEST_F(EstClientLoopback, EndsWithAServerThatNeverAnswersAndNamesTheTimeout) {
    const auto error = refusal();  // the kernel accepts, nobody else
    EXPECT_NE(error.describe().find("did not finish the TLS handshake within 1 s"),
              std::string::npos)
        << error.describe();
    EXPECT_NE(error.describe().find("127.0.0.1:"), std::string::npos);
    EXPECT_FALSE(error.remedy.empty());
}

TEST_F(EstClientLoopback, SaysThatNobodyListens) {
    const std::string address = url();
    acceptor_.close();
    const auto tls = TlsContext::open(directory_.path() / "ca.pem").value();
    auto client = EstClient::create(address, tls, std::chrono::seconds(60)).value();
    const auto identity = client.enrol("press-7", "0000-0000-0000-0000");
    ASSERT_FALSE(identity);
    EXPECT_NE(identity.error().describe().find("cannot connect"), std::string::npos)
        << identity.error().describe();
    EXPECT_FALSE(identity.error().cause.empty());
}

}  // namespace
}  // namespace frugal::swarm
