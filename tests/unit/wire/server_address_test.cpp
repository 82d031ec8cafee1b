// SPDX-License-Identifier: Apache-2.0
// What an inference server's address may be.
#include "wire/server_address.hpp"

#include <gtest/gtest.h>

namespace frugal::wire {
namespace {

struct AddressCase {
    const char* url;
    const char* host;
    const char* port;
    const char* prefix;
};

TEST(ServerAddress, IsReadWithItsPortAndPath) {
    const AddressCase cases[] = {
        {"http://large.example", "large.example", "80", ""},
        {"https://large.example/", "large.example", "443", ""},
        {"https://large.example:65535", "large.example", "65535", ""},
        {"http://[::1]:8000/", "::1", "8000", ""},
        {"http://h:1/proxy/", "h", "1", "/proxy"},
        {"http://h:1/v2", "h", "1", ""},
        {"http://h:1/proxy/v2/", "h", "1", "/proxy"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.url);
        const auto address = read_server_address(row.url);
        ASSERT_TRUE(address) << address.error().describe();
        EXPECT_EQ(address->host, row.host);
        EXPECT_EQ(address->port, row.port);
        EXPECT_EQ(address->prefix, row.prefix);
        EXPECT_EQ(address->is_tls, std::string(row.url).starts_with("https"));
    }
}

TEST(ServerAddress, IsRefusedWithTheReason) {
    const std::pair<const char*, const char*> cases[] = {
        {"", "is no URL"},
        {"large.example", "is no URL"},
        {"http://", "no host"},
        {"ftp://h", "only http and https"},
        {"http://h:99999", "1 to 65535"},
        {"http://h:0", "1 to 65535"},
        {"http://h:", "1 to 65535"},
        {"http://user@h", "not sent"},
        {"http://h/?a=b", "not sent"},
        {"http://h/#a", "not sent"},
    };
    for (const auto& [url, expected] : cases) {
        SCOPED_TRACE(url);
        const auto address = read_server_address(url);
        ASSERT_FALSE(address);
        EXPECT_NE(address.error().describe().find(expected), std::string::npos)
            << address.error().describe();
        EXPECT_FALSE(address.error().remedy.empty());
    }
}

}  // namespace
}  // namespace frugal::wire
