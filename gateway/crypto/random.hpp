// SPDX-License-Identifier: Apache-2.0
// Unpredictable bytes from OpenSSL's generator, for keys, tokens, serial numbers and seeds. Any
// thread. Asserts if the operating system gives no entropy: going on would make guessable keys.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.hpp"

namespace frugal::crypto {

void random_bytes(std::span<std::uint8_t> destination);

std::uint64_t random_u64();

/// True if both have the same bytes; the time taken depends on the lengths only.
bool equal_in_constant_time(base::ByteView left, base::ByteView right);

}  // namespace frugal::crypto
