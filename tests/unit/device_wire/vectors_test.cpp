// SPDX-License-Identifier: Apache-2.0
// Every golden vector through C++ protobuf and nanopb: both read it and write the same bytes.
#include <gtest/gtest.h>

#include <memory>

#include "frugal/sha256.h"
#include "frugal/v1/downlink.pb.h"
#include "frugal/v1/manifest.pb.h"
#include "frugal/v1/uplink.pb.h"
#include "frugal/wire.h"
#include "host_openssl.h"
#include "nanopb_roundtrip.h"
#include "vector_file.hpp"

namespace frugal::test {
namespace {

std::unique_ptr<google::protobuf::MessageLite> message_named(const std::string& name) {
    const std::pair<const char*, const google::protobuf::MessageLite*> kinds[] = {
        {"Hello", &v1::Hello::default_instance()},
        {"Decisions", &v1::Decisions::default_instance()},
        {"Fetch", &v1::Fetch::default_instance()},
        {"Report", &v1::Report::default_instance()},
        {"Escalate", &v1::Escalate::default_instance()},
        {"Health", &v1::Health::default_instance()},
        {"Bye", &v1::Bye::default_instance()},
        {"Desired", &v1::Desired::default_instance()},
        {"Chunk", &v1::Chunk::default_instance()},
        {"Ack", &v1::Ack::default_instance()},
        {"Verdict", &v1::Verdict::default_instance()},
        {"Probe", &v1::Probe::default_instance()},
        {"Manifest", &v1::Manifest::default_instance()}};
    for (const auto& [kind, prototype] : kinds) {
        if (name == kind) {
            return std::unique_ptr<google::protobuf::MessageLite>(prototype->New());
        }
    }
    return nullptr;
}

TEST(Vectors, CppProtobufReadsAndWritesEachTheSame) {
    for (const auto& [name, message_name] : list_vectors()) {
        const auto bytes = read_vector(name);
        const auto message = message_named(message_name);
        ASSERT_NE(message, nullptr) << name;
        ASSERT_TRUE(message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) << name;
        std::string again;
        ASSERT_TRUE(message->SerializeToString(&again));
        EXPECT_EQ(again, std::string(bytes.begin(), bytes.end())) << name;
    }
}

TEST(Vectors, NanopbReadsAndWritesEachTheSame) {
    for (const auto& [name, message_name] : list_vectors()) {
        const auto bytes = read_vector(name);
        std::vector<std::uint8_t> again(FR_MESSAGE_SIZE_MAX);
        again.resize(nanopb_roundtrip(message_name.c_str(), bytes.data(), bytes.size(),
                                      again.data(), again.size()));
        EXPECT_EQ(again, bytes) << name;
    }
}

TEST(Vectors, EveryMessageHasOne) {
    std::vector<std::string> seen;
    for (const auto& vector : list_vectors()) {
        seen.push_back(vector.message);
    }
    for (const char* message : {"Hello", "Decisions", "Fetch", "Report", "Escalate", "Health",
                                "Bye", "Desired", "Chunk", "Ack", "Verdict", "Probe", "Manifest"}) {
        EXPECT_NE(std::find(seen.begin(), seen.end(), message), seen.end()) << message;
    }
}

TEST(Vectors, SignaturesOfDesiredVerifyUnderThePublishedPoint) {
    const auto bytes = read_vector("desired");
    const auto point = read_vector("release-key-point");
    ASSERT_EQ(point.size(), 65U);
    fr_desired_t desired;
    ASSERT_EQ(fr_desired_decode(&desired, bytes.data(), bytes.size()), FR_OK);
    std::uint8_t digest[32];
    fr_sha256(point.data(), point.size(), digest);
    const auto key_id = static_cast<std::uint32_t>(digest[0]) << 24 |
                        static_cast<std::uint32_t>(digest[1]) << 16 |
                        static_cast<std::uint32_t>(digest[2]) << 8 | digest[3];
    for (const auto* blob : {&desired.tasks[0].manifest, &desired.tasks[0].policy}) {
        EXPECT_EQ(blob->key_id, key_id);
        fr_sha256(blob->content.bytes, blob->content.size, digest);
        EXPECT_TRUE(fr_host_verify_es256(nullptr, point.data(), digest, blob->signature.bytes));
        digest[0] ^= 1U;
        EXPECT_FALSE(fr_host_verify_es256(nullptr, point.data(), digest, blob->signature.bytes));
    }
}

}  // namespace
}  // namespace frugal::test
