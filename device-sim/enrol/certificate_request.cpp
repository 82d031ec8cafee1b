// SPDX-License-Identifier: Apache-2.0
#include "device-sim/enrol/certificate_request.hpp"

#include <openssl/ec.h>
#include <openssl/pkcs7.h>

#include "device-sim/net/openssl.hpp"

namespace frugal::swarm {
namespace {

using RequestPointer = std::unique_ptr<X509_REQ, OpensslFree<&X509_REQ_free>>;
using Pkcs7Pointer = std::unique_ptr<PKCS7, OpensslFree<&PKCS7_free>>;

template <typename T, typename Encode>
Bytes to_der(T* object, Encode encode) {
    const int size = encode(object, nullptr);
    Bytes der(static_cast<std::size_t>(size > 0 ? size : 0));
    std::uint8_t* out = der.data();
    encode(object, &out);
    return der;
}

RequestPointer build_request(const std::string& device, EVP_PKEY* key) {
    RequestPointer request(X509_REQ_new());
    X509_NAME* name = X509_REQ_get_subject_name(request.get());
    const auto* text = reinterpret_cast<const unsigned char*>(device.c_str());
    const bool is_built =
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1 &&
        X509_REQ_set_pubkey(request.get(), key) == 1 &&
        X509_REQ_sign(request.get(), key, EVP_sha256()) > 0;
    return is_built ? std::move(request) : nullptr;
}

}  // namespace

Result<CertificateRequest> make_certificate_request(const std::string& device) {
    const KeyPointer key(EVP_EC_gen("P-256"));
    if (!key) {
        return fail("cannot make a key for " + device, openssl_cause());
    }
    const RequestPointer request = build_request(device, key.get());
    if (!request) {
        return fail("cannot make a certificate request for " + device, openssl_cause());
    }
    return CertificateRequest{to_der(key.get(), &i2d_PrivateKey),
                              to_der(request.get(), &i2d_X509_REQ)};
}

Result<Bytes> certificate_from_pkcs7(ByteView pkcs7_der, ByteView private_key_der) {
    const std::uint8_t* bytes = pkcs7_der.data();
    const Pkcs7Pointer pkcs7(d2i_PKCS7(nullptr, &bytes, static_cast<long>(pkcs7_der.size())));
    const std::uint8_t* key_bytes = private_key_der.data();
    const KeyPointer key(d2i_PrivateKey(EVP_PKEY_EC, nullptr, &key_bytes,
                                        static_cast<long>(private_key_der.size())));
    if (!pkcs7 || !key || !PKCS7_type_is_signed(pkcs7.get())) {
        return fail("the enrolment answer is no PKCS#7", openssl_cause());
    }
    STACK_OF(X509)* certificates = pkcs7->d.sign->cert;
    for (int i = 0; i < sk_X509_num(certificates); ++i) {
        X509* certificate = sk_X509_value(certificates, i);
        if (X509_check_private_key(certificate, key.get()) == 1) {
            return to_der(certificate, &i2d_X509);
        }
    }
    ERR_clear_error();
    return fail("the enrolment answer holds no certificate for the device's key");
}

}  // namespace frugal::swarm
