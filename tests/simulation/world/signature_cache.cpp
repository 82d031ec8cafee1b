// SPDX-License-Identifier: Apache-2.0
#include "simulation/world/signature_cache.hpp"

#include <algorithm>

#include "host_openssl.h"

namespace frugal::simulation {

SignatureCache& SignatureCache::instance() {
    static SignatureCache cache;
    return cache;
}

bool SignatureCache::verify(const std::uint8_t key[65], const std::uint8_t digest[32],
                            const std::uint8_t signature[64]) {
    std::array<std::uint8_t, 161> all{};
    std::copy_n(key, 65, all.begin());
    std::copy_n(digest, 32, all.begin() + 65);
    std::copy_n(signature, 64, all.begin() + 97);
    const auto found = known_.find(all);
    if (found != known_.end()) {
        return found->second;
    }
    const bool holds = fr_host_verify_es256(nullptr, key, digest, signature);
    known_.emplace(all, holds);
    return holds;
}

}  // namespace frugal::simulation
