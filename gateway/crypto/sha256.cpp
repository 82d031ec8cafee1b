// SPDX-License-Identifier: Apache-2.0
#include "crypto/sha256.hpp"

#include "base/assert.hpp"
#include "crypto/openssl.hpp"

namespace frugal::crypto {

struct Sha256::State {
    DigestContextHandle context{EVP_MD_CTX_new()};

    void start() {
        FRUGAL_ASSERT(context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1);
    }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
    state_->start();
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(base::ByteView bytes) {
    FRUGAL_ASSERT(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

base::Digest Sha256::finish() {
    base::Digest digest{};
    FRUGAL_ASSERT(EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr) == 1);
    state_->start();
    return digest;
}

base::Digest sha256(base::ByteView bytes) {
    base::Digest digest{};
    FRUGAL_ASSERT(
        EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
    return digest;
}

}  // namespace frugal::crypto
