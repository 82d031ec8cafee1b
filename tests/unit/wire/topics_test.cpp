// SPDX-License-Identifier: Apache-2.0
// I13, Z11: the only way from a topic to a device.
#include "wire/topics.hpp"

#include <gtest/gtest.h>

namespace frugal::wire {
namespace {

const base::SiteId kSite = *base::SiteId::parse("site-1");

TEST(Topics, ReadsEveryKind) {
    for (int kind = 0; kind < 7; ++kind) {
        const auto expected = static_cast<core::UpKind>(kind);
        const auto topic = "frugal/v1/site-1/dev-7/up/" + std::string(core::to_string(expected));
        const auto parsed = parse_up_topic(kSite, topic);
        ASSERT_TRUE(parsed) << topic;
        EXPECT_EQ(parsed->device.text(), "dev-7");
        EXPECT_EQ(parsed->kind, expected);
    }
}

class BadTopic : public ::testing::TestWithParam<std::string> {};

TEST_P(BadTopic, IsRefused) {
    const auto parsed = parse_up_topic(kSite, GetParam());
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().kind, base::ErrorKind::kInvalidInput);
    EXPECT_FALSE(parsed.error().cause.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Topics, BadTopic,
    ::testing::Values("", "/", "frugal", "frugal/v1/site-1", "frugal/v1/site-1/dev/up",
                      "frugal/v1/site-1/dev/up/", "frugal/v1/site-1/dev/up/hello/",
                      "frugal/v1/site-1/dev/up/hello/x", "frugal/v1/site-1/dev/up/HELLO",
                      "frugal/v1/site-1/dev/down/ack", "frugal/v1/site-2/dev/up/hello",
                      "frugal/v2/site-1/dev/up/hello", "/frugal/v1/site-1/dev/up/hello",
                      "frugal/v1/site-1//up/hello", "frugal/v1/site-1/+/up/hello",
                      "frugal/v1/site-1/#/up/hello", "frugal/v1/site-1/Dev/up/hello",
                      "frugal/v1/site-1/d\xC3\xA9v/up/hello", "frugal/v1/site-1/all/up/hello",
                      "frugal/v1/site-1/gateway/up/hello",
                      std::string("frugal/v1/site-1/dev\0/up/hello", 30),
                      "frugal/v1/site-1/" + std::string(65, 'a') + "/up/hello",
                      "frugal/v1/site-1/" + std::string(65'536, 'a') + "/up/hello"));

TEST(Topics, BuildsWhatDevicesSubscribeTo) {
    const auto device = *base::DeviceId::parse("dev-7");
    EXPECT_EQ(up_subscription(kSite), "frugal/v1/site-1/+/up/+");
    EXPECT_EQ(down_topic(kSite, device, core::DownKind::kAck), "frugal/v1/site-1/dev-7/down/ack");
    EXPECT_EQ(chunk_topic(kSite, device), "frugal/v1/site-1/dev-7/down/chunk");
    base::Digest digest{};
    digest[0] = 0xAB;
    EXPECT_EQ(shared_chunk_topic(kSite, digest),
              "frugal/v1/site-1/all/chunk/ab" + std::string(62, '0'));
}

}  // namespace
}  // namespace frugal::wire
