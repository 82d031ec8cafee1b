// SPDX-License-Identifier: Apache-2.0
// The key that signs model releases and policies: ECDSA on P-256 with SHA-256 (ES256). ReleaseKey
// is the author's half and need not live on the gateway; ReleasePublicKey is what devices and the
// gateway verify with. Values with unique ownership; const members may be called from any thread.
// Private bytes leave this class only by save(), into a file of mode 0600.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::crypto {

using Signature = std::array<std::uint8_t, 64>;    ///< r || s, each 32 bytes big endian
using PublicPoint = std::array<std::uint8_t, 65>;  ///< uncompressed: 04 || x || y

/// The leading four bytes, big endian, of SHA-256 of the point: SignedBlob.key_id on the wire.
std::uint32_t key_id_of(const PublicPoint& point);

class ReleasePublicKey {
public:
    /// kInvalidInput if the bytes are not an uncompressed point on P-256.
    static base::Result<ReleasePublicKey> from_point(base::ByteView point);

    /// Reads a SubjectPublicKeyInfo PEM file. kNotFound, kInvalidInput, kStorage.
    static base::Result<ReleasePublicKey> load(const std::filesystem::path& path);

    /// Writes the PEM file that load() reads. kStorage, kDenied.
    base::Result<void> save(const std::filesystem::path& path) const;

    ~ReleasePublicKey();
    ReleasePublicKey(ReleasePublicKey&&) noexcept;
    ReleasePublicKey& operator=(ReleasePublicKey&&) noexcept;

    /// True if the signature is this key's over exactly these bytes.
    bool verify(base::ByteView content, base::ByteView signature) const;

    const PublicPoint& point() const { return point_; }
    std::uint32_t key_id() const { return key_id_; }

private:
    friend class ReleaseKey;
    struct State;
    ReleasePublicKey(std::unique_ptr<State> state, const PublicPoint& point);
    std::unique_ptr<State> state_;
    PublicPoint point_{};
    std::uint32_t key_id_ = 0;
};

class ReleaseKey {
public:
    /// A fresh random key. kInternal only if OpenSSL cannot make one.
    static base::Result<ReleaseKey> generate();

    /// Reads a PKCS#8 PEM file that only its owner can read. kNotFound, kDenied, kInvalidInput.
    static base::Result<ReleaseKey> load(const std::filesystem::path& path);

    /// Writes the PEM file that load() reads, mode 0600. kStorage, kDenied.
    base::Result<void> save(const std::filesystem::path& path) const;

    ~ReleaseKey();
    ReleaseKey(ReleaseKey&&) noexcept;
    ReleaseKey& operator=(ReleaseKey&&) noexcept;

    /// Signs exactly these bytes. kInternal only if OpenSSL fails.
    base::Result<Signature> sign(base::ByteView content) const;

    const ReleasePublicKey& public_key() const { return public_key_; }
    const PublicPoint& public_point() const { return public_key_.point(); }
    std::uint32_t key_id() const { return public_key_.key_id(); }

private:
    struct State;
    ReleaseKey(std::unique_ptr<State> state, ReleasePublicKey public_key);
    std::unique_ptr<State> state_;
    ReleasePublicKey public_key_;
};

}  // namespace frugal::crypto
