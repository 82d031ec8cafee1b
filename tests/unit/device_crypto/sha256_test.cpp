// SPDX-License-Identifier: Apache-2.0
#include "frugal/sha256.h"

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

namespace {

using Digest = std::array<uint8_t, 32>;

Digest reference_digest(const std::vector<uint8_t>& bytes) {
    Digest digest{};
    SHA256(bytes.data(), bytes.size(), digest.data());
    return digest;
}

std::vector<uint8_t> random_bytes(size_t size) {
    std::mt19937_64 generator(size + 1);
    std::vector<uint8_t> bytes(size);
    for (auto& byte : bytes) {
        byte = static_cast<uint8_t>(generator());
    }
    return bytes;
}

TEST(Sha256, MatchesThePublishedVectorOfAbc) {
    constexpr std::string_view message = "abc";
    const Digest expected = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                             0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                             0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    Digest digest{};
    fr_sha256(message.data(), message.size(), digest.data());
    EXPECT_EQ(digest, expected);
}

TEST(Sha256, EqualsOpenSslForEveryLengthAroundTheBlockBoundaries) {
    for (size_t size = 0; size <= 300; ++size) {
        const auto bytes = random_bytes(size);
        Digest digest{};
        fr_sha256(bytes.data(), bytes.size(), digest.data());
        EXPECT_EQ(digest, reference_digest(bytes)) << "length " << size;
    }
}

TEST(Sha256, DoesNotDependOnHowTheBytesAreCut) {
    const auto bytes = random_bytes(5000);
    for (size_t piece : {1U, 3U, 63U, 64U, 65U, 127U, 1000U}) {
        fr_sha256_t sha;
        fr_sha256_init(&sha);
        for (size_t at = 0; at < bytes.size(); at += piece) {
            fr_sha256_update(&sha, bytes.data() + at, std::min(piece, bytes.size() - at));
        }
        Digest digest{};
        fr_sha256_final(&sha, digest.data());
        EXPECT_EQ(digest, reference_digest(bytes)) << "piece " << piece;
    }
}

TEST(Sha256, ACopiedStateIsAForkedDigest) {
    const auto bytes = random_bytes(200);
    fr_sha256_t sha;
    fr_sha256_init(&sha);
    fr_sha256_update(&sha, bytes.data(), 100);
    fr_sha256_t fork = sha;
    Digest of_half{};
    fr_sha256_final(&fork, of_half.data());
    fr_sha256_update(&sha, bytes.data() + 100, 100);
    Digest of_all{};
    fr_sha256_final(&sha, of_all.data());
    EXPECT_EQ(of_half, reference_digest({bytes.begin(), bytes.begin() + 100}));
    EXPECT_EQ(of_all, reference_digest(bytes));
}

TEST(Sha256, AcceptsANullPointerForNoBytes) {
    Digest digest{};
    fr_sha256(nullptr, 0, digest.data());
    EXPECT_EQ(digest, reference_digest({}));
}

}  // namespace
