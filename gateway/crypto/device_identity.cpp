// SPDX-License-Identifier: Apache-2.0
#include "crypto/device_identity.hpp"

#include "crypto/openssl.hpp"

namespace frugal::crypto {

base::Result<DeviceIdentity> make_device_identity(std::string_view common_name) {
    auto key = generate_p256();
    if (!key) {
        return tl::unexpected(key.error());
    }
    RequestHandle request(X509_REQ_new());
    if (!request || !set_common_name(X509_REQ_get_subject_name(request.get()), common_name) ||
        X509_REQ_set_pubkey(request.get(), key->get()) != 1 ||
        X509_REQ_sign(request.get(), key->get(), EVP_sha256()) <= 0) {
        return openssl_failure("no certificate request could be made for this common name",
                               base::ErrorKind::kInvalidInput, "use 1 to 64 characters");
    }
    unsigned char* der = nullptr;
    const int size = i2d_X509_REQ(request.get(), &der);
    if (size <= 0) {
        return openssl_failure("the certificate request could not be encoded");
    }
    DeviceIdentity identity;
    identity.request_der.assign(der, der + size);
    OPENSSL_free(der);
    auto pem = private_key_pem(key->get());
    if (!pem) {
        return tl::unexpected(pem.error());
    }
    identity.key_pem = std::move(*pem);
    return identity;
}

}  // namespace frugal::crypto
