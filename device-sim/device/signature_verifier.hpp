// SPDX-License-Identifier: Apache-2.0
// ES256 verification for the node's port, by OpenSSL. One for the whole process, one thread: it
// keeps the keys it has seen, because parsing one costs more than a verification.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>

#include "device-sim/support/bytes.hpp"
#include "device-sim/support/result.hpp"

struct evp_pkey_st;

namespace frugal::swarm {

/// An uncompressed P-256 point: 0x04, x, y.
using PublicPoint = std::array<std::uint8_t, 65>;

class SignatureVerifier {
public:
    static constexpr std::size_t kKeysMax = 16;

    SignatureVerifier();
    ~SignatureVerifier();

    /// True only if r || s (64 bytes) signs the SHA-256 digest under the point.
    bool verify(const std::uint8_t point[65], const std::uint8_t digest[32],
                const std::uint8_t signature[64]);

private:
    struct Free {
        void operator()(evp_pkey_st* key) const;
    };
    evp_pkey_st* find_key(const PublicPoint& point);

    std::map<PublicPoint, std::unique_ptr<evp_pkey_st, Free>> keys_;
};

/// The point of a P-256 public key (or of a certificate) in a PEM file.
Result<PublicPoint> load_public_point(const std::filesystem::path& path);

}  // namespace frugal::swarm
