// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate.hpp"

#include "crypto/openssl.hpp"

namespace frugal::crypto {

base::Result<Certificate> read_certificate(std::string_view pem) {
    auto x509 = read_x509(pem);
    if (!x509) {
        return tl::unexpected(x509.error());
    }
    return describe(x509->get());
}

}  // namespace frugal::crypto
