// SPDX-License-Identifier: Apache-2.0
#include "device-sim/mqtt/parser.hpp"

#include <gtest/gtest.h>

#include "device-sim/support/text.hpp"

namespace frugal::swarm::mqtt {
namespace {

/// What one packet says, as a line a table can hold.
std::string describe(const Packet& packet) {
    if (const auto* connack = std::get_if<Connack>(&packet)) {
        return "connack " + std::to_string(connack->reason) + " alias " +
               std::to_string(connack->topic_alias_maximum);
    }
    if (const auto* publish = std::get_if<Publish>(&packet)) {
        return "publish " + std::string(publish->topic) + " qos " +
               std::to_string(static_cast<int>(publish->qos)) + " id " +
               std::to_string(publish->packet_id) + " payload " + to_hex(publish->payload);
    }
    if (const auto* puback = std::get_if<Puback>(&packet)) {
        return "puback " + std::to_string(puback->packet_id) + " " + std::to_string(puback->reason);
    }
    if (const auto* suback = std::get_if<Suback>(&packet)) {
        return "suback " + to_hex(suback->reasons);
    }
    if (const auto* disconnect = std::get_if<Disconnect>(&packet)) {
        return "disconnect " + std::to_string(disconnect->reason);
    }
    return "pingresp";
}

struct Case {
    const char* case_name;
    Version version;
    const char* bytes;
    const char* expected;  ///< "" for a refusal
};

const Case kCases[] = {
    {"connack_5", Version::k5, "20080000052200102100", ""},
    {"connack_5_alias", Version::k5, "2006000003220010", "connack 0 alias 16"},
    {"connack_5_refused", Version::k5, "2003008700", "connack 135 alias 0"},
    {"connack_311", Version::k311, "20020005", "connack 5 alias 0"},
    {"connack_bad_flags", Version::k311, "20020200", ""},
    {"connack_trailing", Version::k311, "2003000000", ""},
    {"publish_qos0", Version::k5,
     "3005000174"
     "00aa",
     "publish t qos 0 id 0 payload aa"},
    {"publish_qos1", Version::k311,
     "3206000174"
     "0007aa",
     "publish t qos 1 id 7 payload aa"},
    {"publish_qos2_refused", Version::k311,
     "3406000174"
     "0007aa",
     ""},
    {"publish_id_zero", Version::k311,
     "3206000174"
     "0000aa",
     ""},
    {"publish_topic_past_end", Version::k311,
     "3003"
     "000974",
     ""},
    {"publish_unknown_property", Version::k5,
     "3006000174"
     "027f00",
     ""},
    {"publish_user_property", Version::k5,
     "300b000174"
     "07"
     "26000161000162",
     "publish t qos 0 id 0 payload "},
    {"puback_short", Version::k5, "40020009", "puback 9 0"},
    {"puback_reason", Version::k5, "4003000910", "puback 9 16"},
    {"puback_reason_in_311", Version::k311, "4003000910", ""},
    {"suback_5", Version::k5,
     "9004000100"
     "00",
     "suback 00"},
    {"suback_empty", Version::k311, "90020001", ""},
    {"pingresp", Version::k5, "d000", "pingresp"},
    {"pingresp_long", Version::k5, "d00100", ""},
    {"disconnect_5", Version::k5, "e0028e00", "disconnect 142"},
    {"disconnect_311", Version::k311, "e000", ""},
    {"packet_of_a_client", Version::k5, "c000", ""},
    {"length_never_ends", Version::k5, "30ffffffff01", ""},
    {"over_the_limit", Version::k5, "30ff7f", ""},
};

TEST(MqttParser, ReadsOrRefuses) {
    for (const Case& entry : kCases) {
        Parser parser(entry.version, 512);
        std::string seen;
        const auto fed = parser.feed(*from_hex(entry.bytes),
                                     [&](const Packet& packet) { seen = describe(packet); });
        EXPECT_EQ(seen, entry.expected) << entry.case_name;
        EXPECT_EQ(fed.has_value(), std::string_view(entry.expected) != "") << entry.case_name;
    }
}

TEST(MqttParser, AnyCutOfTheStreamGivesTheSamePackets) {
    const Bytes stream = *from_hex(
        "2003000000"
        "3005000174"
        "00aa"
        "d000"
        "4003000910");
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        Parser parser(Version::k5, 512);
        std::string seen;
        const auto handler = [&](const Packet& packet) { seen += describe(packet) + ";"; };
        const ByteView all(stream);
        ASSERT_TRUE(parser.feed(all.first(cut), handler)) << cut;
        ASSERT_TRUE(parser.feed(all.subspan(cut), handler)) << cut;
        EXPECT_EQ(seen, "connack 0 alias 0;publish t qos 0 id 0 payload aa;pingresp;puback 9 16;");
        EXPECT_EQ(parser.held_bytes(), 0u);
    }
}

TEST(MqttParser, StaysFailed) {
    Parser parser(Version::k5, 512);
    const auto ignore = [](const Packet&) {};
    EXPECT_FALSE(parser.feed(*from_hex("c000"), ignore));
    EXPECT_FALSE(parser.feed(*from_hex("d000"), ignore));
}

TEST(MqttParser, HoldsNoMoreThanTheLimit) {
    Parser parser(Version::k5, 64);
    const auto ignore = [](const Packet&) {};
    ASSERT_TRUE(parser.feed(*from_hex("303e"), ignore));
    ASSERT_TRUE(parser.feed(Bytes(61, 0), ignore));
    EXPECT_LE(parser.held_bytes(), 64u);
}

TEST(MqttReason, KnowsTheCommonOnes) {
    EXPECT_EQ(reason_text(0x87), "not authorized");
    EXPECT_EQ(reason_text(0xee), "reason 0xee");
}

}  // namespace
}  // namespace frugal::swarm::mqtt
