// SPDX-License-Identifier: Apache-2.0
// A PKCS#10 request whose proof of possession was checked: the requester holds the private key.
// Only verify() makes one. A value with unique ownership, any thread. Attributes and extensions
// that the requester asked for are ignored: the authority decides what a certificate says.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

namespace frugal::crypto {

inline constexpr std::size_t kMaximumRequestBytes = 4096;

class CertificateRequest {
public:
    /// Reads DER or PEM. kLimit beyond kMaximumRequestBytes; kInvalidInput if malformed, if the key
    /// is not on P-256, or if the common name is missing, doubled or not a valid id (wildcards
    /// included), also if the signature is not made with the requested key.
    static base::Result<CertificateRequest> verify(base::ByteView der_or_pem);

    ~CertificateRequest();
    CertificateRequest(CertificateRequest&&) noexcept;
    CertificateRequest& operator=(CertificateRequest&&) noexcept;

    const base::DeviceId& device() const { return device_; }

private:
    friend class SiteAuthority;
    struct State;
    CertificateRequest(std::unique_ptr<State> state, base::DeviceId device);
    std::unique_ptr<State> state_;
    base::DeviceId device_;
};

}  // namespace frugal::crypto
