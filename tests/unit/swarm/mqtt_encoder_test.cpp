// SPDX-License-Identifier: Apache-2.0
#include "device-sim/mqtt/encoder.hpp"

#include <gtest/gtest.h>

#include "device-sim/mqtt/parser.hpp"
#include "device-sim/support/text.hpp"

namespace frugal::swarm::mqtt {
namespace {

std::string hex_of(const Bytes& bytes) {
    return to_hex(bytes);
}

TEST(MqttEncoder, ConnectOfBothVersions) {
    Connect connect;
    connect.client_id = "m4-1";
    connect.keep_alive_s = 60;
    connect.maximum_packet_size = 0x2000;
    Bytes out;
    encode_connect(connect, Version::k5, out);
    EXPECT_EQ(hex_of(out), "101600044d5154540502003c05270000200000046d342d31");
    out.clear();
    encode_connect(connect, Version::k311, out);
    EXPECT_EQ(hex_of(out), "101000044d5154540402003c00046d342d31");
}

TEST(MqttEncoder, ConnectCarriesTheWill) {
    Connect connect;
    connect.client_id = "d";
    connect.will = Will{"t", {1, 2}};
    Bytes out;
    encode_connect(connect, Version::k5, out);
    EXPECT_EQ(hex_of(out),
              "101600044d5154540506003c00000164000001740002"
              "0102");
}

TEST(MqttEncoder, SubscribeAsksForNoLocalOnlyInVersionFive) {
    const std::vector<std::string> filters = {"a/#"};
    Bytes out;
    encode_subscribe(1, filters, Qos::kAtMostOnce, Version::k5, out);
    EXPECT_EQ(hex_of(out),
              "8209000100"
              "0003612f23"
              "04");
    out.clear();
    encode_subscribe(1, filters, Qos::kAtMostOnce, Version::k311, out);
    EXPECT_EQ(hex_of(out),
              "82080001"
              "0003612f23"
              "00");
}

TEST(MqttEncoder, PublishCarriesIdAtQosOneAndAliasInVersionFive) {
    Publish publish;
    publish.topic = "t";
    const Bytes payload = {0xaa};
    publish.payload = payload;
    Bytes out;
    encode_publish(publish, Version::k311, out);
    EXPECT_EQ(hex_of(out), "3004000174aa");
    publish.qos = Qos::kAtLeastOnce;
    publish.packet_id = 9;
    publish.topic_alias = 2;
    out.clear();
    encode_publish(publish, Version::k5, out);
    EXPECT_EQ(hex_of(out),
              "320a"
              "000174"
              "0009"
              "03230002"
              "aa");
}

TEST(MqttEncoder, SmallPackets) {
    Bytes out;
    encode_puback(0x102, out);
    encode_pingreq(out);
    encode_disconnect(out);
    EXPECT_EQ(hex_of(out),
              "40020102"
              "c000"
              "e000");
}

TEST(MqttEncoder, LongPublishUsesALongerLengthField) {
    const Bytes payload(300, 7);
    Publish publish;
    publish.topic = "t";
    publish.payload = payload;
    Bytes out;
    encode_publish(publish, Version::k5, out);
    Parser parser(Version::k5, 1000);
    std::size_t seen = 0;
    const auto fed = parser.feed(
        out, [&](const Packet& packet) { seen = std::get<Publish>(packet).payload.size(); });
    EXPECT_TRUE(fed);
    EXPECT_EQ(seen, 300u);
}

}  // namespace
}  // namespace frugal::swarm::mqtt
