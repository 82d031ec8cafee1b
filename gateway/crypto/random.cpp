// SPDX-License-Identifier: Apache-2.0
#include "crypto/random.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base/assert.hpp"

namespace frugal::crypto {

void random_bytes(std::span<std::uint8_t> destination) {
    FRUGAL_ASSERT(RAND_bytes(destination.data(), static_cast<int>(destination.size())) == 1);
}

std::uint64_t random_u64() {
    std::array<std::uint8_t, 8> bytes;
    random_bytes(bytes);
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes) {
        value = value << 8 | byte;
    }
    return value;
}

bool equal_in_constant_time(base::ByteView left, base::ByteView right) {
    return left.size() == right.size() &&
           CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace frugal::crypto
