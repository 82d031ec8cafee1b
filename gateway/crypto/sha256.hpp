// SPDX-License-Identifier: Apache-2.0
// SHA-256 by OpenSSL. Owned by the caller, any thread (one object, one thread). Never fails for a
// reason the caller could act on: a missing digest provider is an assertion.
#pragma once

#include <memory>

#include "base/bytes.hpp"

namespace frugal::crypto {

/// SHA-256 of the bytes.
base::Digest sha256(base::ByteView bytes);

/// SHA-256 of bytes that arrive in pieces.
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    void update(base::ByteView bytes);

    /// The digest of everything updated so far; the object starts again empty.
    base::Digest finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace frugal::crypto
