// SPDX-License-Identifier: Apache-2.0
// Real ES256 verification, each (key, digest, signature) once per process. Single-threaded.
#pragma once

#include <array>
#include <cstdint>
#include <map>

namespace frugal::simulation {

class SignatureCache {
public:
    static SignatureCache& instance();
    bool verify(const std::uint8_t key[65], const std::uint8_t digest[32],
                const std::uint8_t signature[64]);

private:
    std::map<std::array<std::uint8_t, 161>, bool> known_;
};

}  // namespace frugal::simulation
