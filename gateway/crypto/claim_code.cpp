// SPDX-License-Identifier: Apache-2.0
#include "crypto/claim_code.hpp"

#include "crypto/random.hpp"
#include "crypto/sha256.hpp"

namespace frugal::crypto {

namespace {

constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kLength = 16;

/// The digit a typed character stands for: capitals, and the look-alikes O, I and L.
char normalize(char c) {
    if (c >= 'a' && c <= 'z') {
        c = static_cast<char>(c - 'a' + 'A');
    }
    if (c == 'O') {
        return '0';
    }
    return c == 'I' || c == 'L' ? '1' : c;
}

}  // namespace

NewClaimCode make_claim_code() {
    base::Bytes bytes(kLength);
    random_bytes(bytes);
    std::string digits;
    std::string text;
    for (std::size_t i = 0; i < kLength; ++i) {
        digits += kDigits[bytes[i] % kDigits.size()];
        if (i % 4 == 0 && i > 0) {
            text += '-';
        }
        text += digits.back();
    }
    return {text, sha256(base::as_bytes(digits))};
}

std::optional<base::Digest> claim_code_digest(std::string_view typed) {
    if (typed.size() > 4 * kLength) {
        return std::nullopt;
    }
    std::string digits;
    for (const char c : typed) {
        if (c == '-' || c == ' ') {
            continue;
        }
        const char digit = normalize(c);
        if (kDigits.find(digit) == std::string_view::npos) {
            return std::nullopt;
        }
        digits += digit;
    }
    if (digits.size() != kLength) {
        return std::nullopt;
    }
    return sha256(base::as_bytes(digits));
}

}  // namespace frugal::crypto
