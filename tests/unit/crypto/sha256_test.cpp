// SPDX-License-Identifier: Apache-2.0
#include "crypto/sha256.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"

namespace frugal::crypto {
namespace {

TEST(Sha256, gives_the_published_digest_of_abc) {
    EXPECT_EQ(base::to_hex(sha256(base::as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, gives_the_same_digest_in_pieces_and_starts_again_empty) {
    Sha256 hash;
    hash.update(base::as_bytes("a"));
    hash.update({});
    hash.update(base::as_bytes("bc"));
    EXPECT_EQ(hash.finish(), sha256(base::as_bytes("abc")));
    EXPECT_EQ(hash.finish(), sha256({}));
}

}  // namespace
}  // namespace frugal::crypto
