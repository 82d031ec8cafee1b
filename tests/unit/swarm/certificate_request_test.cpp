// SPDX-License-Identifier: Apache-2.0
#include "device-sim/enrol/certificate_request.hpp"

#include <gtest/gtest.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include <memory>

namespace frugal::swarm {
namespace {

struct Free {
    void operator()(X509_REQ* request) const { X509_REQ_free(request); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(PKCS7* pkcs7) const { PKCS7_free(pkcs7); }
};

std::unique_ptr<EVP_PKEY, Free> parse_key(const Bytes& der) {
    const std::uint8_t* bytes = der.data();
    return std::unique_ptr<EVP_PKEY, Free>(
        d2i_PrivateKey(EVP_PKEY_EC, nullptr, &bytes, static_cast<long>(der.size())));
}

/// A certs-only PKCS#7 with one self-signed certificate for the key.
Bytes pkcs7_for(EVP_PKEY* key) {
    std::unique_ptr<X509, Free> certificate(X509_new());
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key);
    X509_sign(certificate.get(), key, EVP_sha256());
    std::unique_ptr<PKCS7, Free> pkcs7(PKCS7_new());
    PKCS7_set_type(pkcs7.get(), NID_pkcs7_signed);
    PKCS7_content_new(pkcs7.get(), NID_pkcs7_data);
    PKCS7_add_certificate(pkcs7.get(), certificate.get());
    Bytes der(static_cast<std::size_t>(i2d_PKCS7(pkcs7.get(), nullptr)));
    std::uint8_t* out = der.data();
    i2d_PKCS7(pkcs7.get(), &out);
    return der;
}

TEST(CertificateRequest, NamesTheDeviceAndProvesPossession) {
    const auto made = make_certificate_request("tiny-0001");
    ASSERT_TRUE(made);
    const std::uint8_t* bytes = made->request_der.data();
    const std::unique_ptr<X509_REQ, Free> request(
        d2i_X509_REQ(nullptr, &bytes, static_cast<long>(made->request_der.size())));
    ASSERT_TRUE(request);
    const auto key = parse_key(made->private_key_der);
    EXPECT_EQ(X509_REQ_verify(request.get(), key.get()), 1);
    char name[64];
    X509_NAME_get_text_by_NID(X509_REQ_get_subject_name(request.get()), NID_commonName, name,
                              sizeof name);
    EXPECT_STREQ(name, "tiny-0001");
}

TEST(CertificateRequest, FindsTheCertificateForItsKey) {
    const auto made = make_certificate_request("a");
    const auto other = make_certificate_request("b");
    ASSERT_TRUE(made && other);
    const Bytes pkcs7 = pkcs7_for(parse_key(made->private_key_der).get());
    EXPECT_TRUE(certificate_from_pkcs7(pkcs7, made->private_key_der));
    EXPECT_FALSE(certificate_from_pkcs7(pkcs7, other->private_key_der));
    EXPECT_FALSE(certificate_from_pkcs7(Bytes{1, 2, 3}, made->private_key_der));
}

}  // namespace
}  // namespace frugal::swarm
