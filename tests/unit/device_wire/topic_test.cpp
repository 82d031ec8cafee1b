// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "frugal/wire.h"

namespace frugal::test {
namespace {

TEST(Topic, IsBuiltForEveryKind) {
    char topic[FR_TOPIC_SIZE_MAX];
    const char* ups[] = {"hello", "decisions", "fetch", "report", "escalate", "health", "bye"};
    for (int kind = 0; kind < FR_UP_KINDS; ++kind) {
        const auto size =
            fr_topic_up(topic, sizeof topic, "mill-3", "lamp-17", static_cast<fr_up_kind_t>(kind));
        EXPECT_EQ(std::string(topic, size),
                  std::string("frugal/v1/mill-3/lamp-17/up/") + ups[kind]);
    }
    EXPECT_EQ(fr_topic_up(topic, sizeof topic, "mill-3", "lamp-17", FR_UP_KINDS), 0U);
    const auto size = fr_topic_down(topic, sizeof topic, "mill-3", "lamp-17", FR_DOWN_KINDS);
    EXPECT_EQ(std::string(topic, size), "frugal/v1/mill-3/lamp-17/down/+");
    EXPECT_EQ(fr_topic_down(topic, sizeof topic, "mill-3", "lamp-17", FR_DOWN_SHARED_CHUNK), 0U);
}

TEST(Topic, OfSharedChunksNamesTheArtifact) {
    char topic[FR_TOPIC_SIZE_MAX];
    std::uint8_t artifact[32];
    for (std::size_t i = 0; i < 32; ++i) {
        artifact[i] = static_cast<std::uint8_t>(i * 8 + 7);
    }
    const auto size = fr_topic_shared_chunk(topic, sizeof topic, "mill-3", artifact);
    EXPECT_EQ(std::string(topic, size),
              "frugal/v1/mill-3/all/chunk/"
              "070f171f272f373f474f575f676f777f878f979fa7afb7bfc7cfd7dfe7eff7ff");
    fr_down_kind_t kind{};
    EXPECT_EQ(fr_topic_parse_down(topic, size, "mill-3", "lamp-17", &kind), FR_OK);
    EXPECT_EQ(kind, FR_DOWN_SHARED_CHUNK);
}

TEST(Topic, RefusesInvalidIdsAndSmallBuffers) {
    char topic[FR_TOPIC_SIZE_MAX];
    const std::string long_id(65, 'a');
    for (const char* id : {"", "UPPER", "a/b", "a+", "#", "a b", long_id.c_str()}) {
        EXPECT_FALSE(fr_id_is_valid(id)) << id;
        EXPECT_EQ(fr_topic_up(topic, sizeof topic, id, "lamp-17", FR_UP_HELLO), 0U) << id;
        EXPECT_EQ(fr_topic_up(topic, sizeof topic, "mill-3", id, FR_UP_HELLO), 0U) << id;
    }
    const std::string longest(64, 'z');
    EXPECT_NE(fr_topic_up(topic, sizeof topic, longest.c_str(), longest.c_str(), FR_UP_DECISIONS),
              0U);
    for (std::size_t capacity = 0; capacity < 34; ++capacity) {
        std::memset(topic, '!', sizeof topic);
        EXPECT_EQ(fr_topic_up(topic, capacity, "mill-3", "lamp-17", FR_UP_HELLO), 0U);
        EXPECT_EQ(topic[capacity], '!') << "wrote past the end";
    }
    EXPECT_EQ(fr_topic_up(topic, 34, "mill-3", "lamp-17", FR_UP_HELLO), 33U);
}

TEST(Topic, OfOthersIsNotOurs) {
    fr_down_kind_t kind{};
    const auto parse = [&kind](const std::string& topic) {
        return fr_topic_parse_down(topic.data(), topic.size(), "mill-3", "lamp-17", &kind);
    };
    EXPECT_EQ(parse("frugal/v1/mill-3/lamp-17/down/ack"), FR_OK);
    EXPECT_EQ(kind, FR_DOWN_ACK);
    const std::string hex(64, '0');
    for (const auto& topic : {std::string("frugal/v1/mill-3/lamp-18/down/ack"),
                              std::string("frugal/v1/mill-3/lamp-17/up/ack"),
                              std::string("frugal/v1/mill-33/lamp-17/down/ack"),
                              std::string("frugal/v2/mill-3/lamp-17/down/ack"),
                              std::string("frugal/v1/mill-3/lamp-17/down/acks"),
                              std::string("frugal/v1/mill-3/lamp-17/down/"),
                              std::string("frugal/v1/mill-3/lamp-17/down"), std::string(""),
                              "frugal/v1/mill-3/all/chunk/" + hex + "0",
                              "frugal/v1/mill-3/all/chunk/" + std::string(64, 'G')}) {
        EXPECT_EQ(parse(topic), FR_ERROR_NOT_FOUND) << topic;
    }
}

}  // namespace
}  // namespace frugal::test
