// SPDX-License-Identifier: Apache-2.0
// Opaque bearer tokens: "frg_<id>_<secret>", the secret 256 random bits. The text is shown once;
// the gateway keeps the id and SHA-256 of the secret. Plain values, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace frugal::crypto {

inline constexpr std::size_t kTokenIdLength = 12;      ///< lower-case hexadecimal digits
inline constexpr std::size_t kTokenSecretLength = 64;  ///< lower-case hexadecimal digits

/// What is stored of a token.
struct TokenRecord {
    std::string id;
    base::Digest secret_digest{};
};

struct NewToken {
    std::string text;  ///< show once, never log
    TokenRecord record;
};

NewToken make_token();

/// A token as presented, its secret already hashed. Absent if the text is not of the token's form.
std::optional<TokenRecord> parse_token(std::string_view text);

/// Compares id and digest in constant time.
bool is_same_token(const TokenRecord& stored, const TokenRecord& presented);

}  // namespace frugal::crypto
