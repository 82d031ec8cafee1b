// SPDX-License-Identifier: Apache-2.0
// A device's key pair (P-256) and its certificate request (PKCS#10, CN = device id). Pure but for
// OpenSSL's random source; any thread.
#pragma once

#include <string>

#include "device-sim/net/identity.hpp"
#include "device-sim/support/result.hpp"

namespace frugal::swarm {

struct CertificateRequest {
    Bytes private_key_der;
    Bytes request_der;
};

Result<CertificateRequest> make_certificate_request(const std::string& device);

/// The certificate for this key out of a certs-only PKCS#7 (RFC 7030 section 4.2.3), as DER.
Result<Bytes> certificate_from_pkcs7(ByteView pkcs7_der, ByteView private_key_der);

}  // namespace frugal::swarm
