// SPDX-License-Identifier: Apache-2.0
#include "device-sim/device/signature_verifier.hpp"

#include <gtest/gtest.h>

#include "device-sim/support/text.hpp"

namespace frugal::swarm {
namespace {

// RFC 6979, appendix A.2.5: P-256, SHA-256, message "sample".
const Bytes kPoint = *from_hex(
    "04"
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
const Bytes kDigest = *from_hex("af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf");
const Bytes kSignature = *from_hex(
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");

TEST(SignatureVerifier, AcceptsThePublishedExample) {
    SignatureVerifier verifier;
    EXPECT_TRUE(verifier.verify(kPoint.data(), kDigest.data(), kSignature.data()));
    EXPECT_TRUE(verifier.verify(kPoint.data(), kDigest.data(), kSignature.data())) << "kept key";
}

TEST(SignatureVerifier, RefusesEveryFlippedByte) {
    SignatureVerifier verifier;
    for (std::size_t i = 0; i < kSignature.size(); ++i) {
        Bytes bad = kSignature;
        bad[i] ^= 1;
        EXPECT_FALSE(verifier.verify(kPoint.data(), kDigest.data(), bad.data())) << i;
    }
    Bytes zero(64, 0);
    EXPECT_FALSE(verifier.verify(kPoint.data(), kDigest.data(), zero.data()));
}

TEST(SignatureVerifier, RefusesAPointOffTheCurve) {
    SignatureVerifier verifier;
    Bytes point = kPoint;
    point[64] ^= 1;
    EXPECT_FALSE(verifier.verify(point.data(), kDigest.data(), kSignature.data()));
}

}  // namespace
}  // namespace frugal::swarm
