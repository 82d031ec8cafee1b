// SPDX-License-Identifier: Apache-2.0
// What the gateway keeps and reads of an X.509 certificate. Plain values, any thread; nothing here
// decides whether a certificate is trusted.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace frugal::crypto {

/// 128 random bits with the top bit clear and the next set: positive, always 16 bytes.
struct SerialNumber {
    std::array<std::uint8_t, 16> bytes{};
    auto operator<=>(const SerialNumber&) const = default;
};

struct Certificate {
    base::Bytes der;
    std::string pem;
    SerialNumber serial;
    std::string common_name;
    base::WallTime not_before;
    base::WallTime not_after;
    base::Digest fingerprint{};  ///< SHA-256 of der
};

/// Reads one certificate from PEM text. kInvalidInput; kUnsupported for a serial longer than 16
/// bytes.
base::Result<Certificate> read_certificate(std::string_view pem);

/// A private key (PKCS#8 PEM) and the certificate for it, as a TLS server or client needs them.
struct KeyAndCertificate {
    std::string key_pem;
    Certificate certificate;
};

}  // namespace frugal::crypto
