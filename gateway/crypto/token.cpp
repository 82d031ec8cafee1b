// SPDX-License-Identifier: Apache-2.0
#include "crypto/token.hpp"

#include <algorithm>

#include "base/hex.hpp"
#include "crypto/random.hpp"
#include "crypto/sha256.hpp"

namespace frugal::crypto {

namespace {

constexpr std::string_view kPrefix = "frg_";

bool is_hex(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string random_hex(std::size_t digits) {
    base::Bytes bytes(digits / 2);
    random_bytes(bytes);
    return base::to_hex(bytes);
}

}  // namespace

NewToken make_token() {
    const std::string id = random_hex(kTokenIdLength);
    const std::string secret = random_hex(kTokenSecretLength);
    return {std::string(kPrefix) + id + "_" + secret, {id, sha256(base::as_bytes(secret))}};
}

std::optional<TokenRecord> parse_token(std::string_view text) {
    constexpr std::size_t separator = kPrefix.size() + kTokenIdLength;
    if (text.size() != separator + 1 + kTokenSecretLength || !text.starts_with(kPrefix) ||
        text[separator] != '_') {
        return std::nullopt;
    }
    const std::string_view id = text.substr(kPrefix.size(), kTokenIdLength);
    const std::string_view secret = text.substr(separator + 1);
    if (!is_hex(id) || !is_hex(secret)) {
        return std::nullopt;
    }
    return TokenRecord{std::string(id), sha256(base::as_bytes(secret))};
}

bool is_same_token(const TokenRecord& stored, const TokenRecord& presented) {
    const bool same_id =
        equal_in_constant_time(base::as_bytes(stored.id), base::as_bytes(presented.id));
    const bool same_secret = equal_in_constant_time(stored.secret_digest, presented.secret_digest);
    return same_id && same_secret;
}

}  // namespace frugal::crypto
