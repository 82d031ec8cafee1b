// SPDX-License-Identifier: Apache-2.0
#include "crypto/release_key.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"
#include "crypto/private_file.hpp"
#include "crypto/sha256.hpp"
#include "crypto/verified_manifest.hpp"
#include "support/temporary_directory.hpp"

namespace frugal::crypto {
namespace {

using base::ErrorKind;
using tests::TemporaryDirectory;

// RFC 6979, A.2.5: P-256, SHA-256, message "sample".
constexpr const char* kKnownPoint =
    "04"
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
constexpr const char* kKnownSignature =
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

TEST(ReleaseKey, verifies_the_published_signature_of_rfc_6979) {
    const auto key = ReleasePublicKey::from_point(base::from_hex(kKnownPoint).value());
    ASSERT_TRUE(key) << key.error().describe();
    const base::Bytes signature = base::from_hex(kKnownSignature).value();
    EXPECT_TRUE(key->verify(base::as_bytes("sample"), signature));
    EXPECT_FALSE(key->verify(base::as_bytes("samplf"), signature));
}

TEST(ReleaseKey, names_itself_by_the_leading_bytes_of_the_points_digest) {
    const auto key = ReleaseKey::generate().value();
    const base::Digest digest = sha256(key.public_point());
    EXPECT_EQ(key.key_id() >> 24, digest[0]);
    EXPECT_EQ(key.key_id() & 0xff, digest[3]);
    EXPECT_EQ(key.public_point()[0], 4);
}

TEST(ReleaseKey, signs_what_only_its_own_public_half_accepts) {
    const auto key = ReleaseKey::generate().value();
    const auto other = ReleaseKey::generate().value();
    const base::Bytes content(300, 7);
    const Signature signature = key.sign(content).value();
    EXPECT_TRUE(key.public_key().verify(content, signature));
    EXPECT_FALSE(other.public_key().verify(content, signature));
    EXPECT_NE(key.key_id(), other.key_id());
}

TEST(ReleaseKey, rejects_every_single_bit_flipped_in_content_or_signature) {
    const auto key = ReleaseKey::generate().value();
    base::Bytes content(16, 0x5a);
    Signature signature = key.sign(content).value();
    for (std::size_t bit = 0; bit < 8 * content.size(); ++bit) {
        content[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
        EXPECT_FALSE(key.public_key().verify(content, signature)) << "content bit " << bit;
        content[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    }
    for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
        signature[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
        EXPECT_FALSE(key.public_key().verify(content, signature)) << "signature bit " << bit;
        signature[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    }
    EXPECT_TRUE(key.public_key().verify(content, signature));
}

TEST(ReleaseKey, rejects_signatures_of_odd_shape) {
    const auto key = ReleaseKey::generate().value();
    const base::Bytes content(16, 1);
    EXPECT_FALSE(key.public_key().verify(content, {}));
    EXPECT_FALSE(key.public_key().verify(content, base::Bytes(63, 1)));
    EXPECT_FALSE(key.public_key().verify(content, base::Bytes(65, 1)));
    EXPECT_FALSE(key.public_key().verify(content, base::Bytes(64, 0)));     // r = s = 0
    EXPECT_FALSE(key.public_key().verify(content, base::Bytes(64, 0xff)));  // beyond the order
}

TEST(ReleaseKey, lives_in_files_only_its_owner_can_read) {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "release.key";
    const auto key = ReleaseKey::generate().value();
    ASSERT_TRUE(key.save(path));
    EXPECT_EQ(std::filesystem::status(path).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    EXPECT_EQ(ReleaseKey::load(path).value().public_point(), key.public_point());

    std::filesystem::permissions(path, std::filesystem::perms::group_read,
                                 std::filesystem::perm_options::add);
    EXPECT_EQ(ReleaseKey::load(path).error().kind, ErrorKind::kDenied);
}

TEST(ReleaseKey, refuses_files_that_hold_something_else) {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "release.key";
    EXPECT_EQ(ReleaseKey::load(path).error().kind, ErrorKind::kNotFound);
    ASSERT_TRUE(write_file(path, base::as_bytes("nonsense"), FileAccess::kOwnerOnly));
    EXPECT_EQ(ReleaseKey::load(path).error().kind, ErrorKind::kInvalidInput);
    EXPECT_EQ(ReleasePublicKey::load(path).error().kind, ErrorKind::kInvalidInput);
}

TEST(ReleaseKey, says_which_half_was_mistaken_for_the_other) {
    const TemporaryDirectory directory;
    const auto key = ReleaseKey::generate().value();
    const auto half = [&](const char* name) { return directory.path() / name; };
    ASSERT_TRUE(key.save(half("release.key")));
    ASSERT_TRUE(key.public_key().save(half("release.pub")));
    const auto no_private = ReleaseKey::load(half("release.pub"));
    ASSERT_FALSE(no_private);
    EXPECT_NE(no_private.error().message.find("is the public half"), std::string::npos);
    const auto no_public = ReleasePublicKey::load(half("release.key"));
    ASSERT_FALSE(no_public);
    EXPECT_NE(no_public.error().message.find("is the private half"), std::string::npos);
    for (const auto& error : {no_private.error(), no_public.error()}) {
        EXPECT_EQ(error.kind, ErrorKind::kInvalidInput);
        EXPECT_FALSE(error.remedy.empty());
    }
}

TEST(ReleasePublicKey, survives_a_file_and_refuses_bytes_that_are_no_point) {
    const TemporaryDirectory directory;
    const auto key = ReleaseKey::generate().value();
    ASSERT_TRUE(key.public_key().save(directory.path() / "release.pub"));
    EXPECT_EQ(ReleasePublicKey::load(directory.path() / "release.pub").value().point(),
              key.public_point());
    PublicPoint off_curve = key.public_point();
    off_curve[64] ^= 1;
    EXPECT_FALSE(ReleasePublicKey::from_point(off_curve));
    EXPECT_FALSE(ReleasePublicKey::from_point(base::ByteView(off_curve).first(64)));
    EXPECT_FALSE(ReleasePublicKey::from_point({}));
}

TEST(VerifiedManifest, exists_only_for_bytes_the_key_signed) {
    const auto key = ReleaseKey::generate().value();
    const base::Bytes content(200, 9);
    const Signature signature = key.sign(content).value();
    const auto manifest = VerifiedManifest::verify(content, signature, key.public_key());
    ASSERT_TRUE(manifest);
    EXPECT_EQ(manifest->content(), content);
    EXPECT_EQ(manifest->signature(), signature);
    EXPECT_EQ(manifest->key_id(), key.key_id());

    base::Bytes tampered = content;
    tampered[100] ^= 1;
    EXPECT_EQ(VerifiedManifest::verify(tampered, signature, key.public_key()).error().kind,
              ErrorKind::kDenied);
    const auto other = ReleaseKey::generate().value();
    EXPECT_EQ(VerifiedManifest::verify(content, signature, other.public_key()).error().kind,
              ErrorKind::kDenied);
    EXPECT_EQ(VerifiedManifest::verify({}, signature, key.public_key()).error().kind,
              ErrorKind::kLimit);
    EXPECT_EQ(VerifiedManifest::verify(base::Bytes(641), signature, key.public_key()).error().kind,
              ErrorKind::kLimit);
}

}  // namespace
}  // namespace frugal::crypto
