// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate_request.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>

#include "crypto/device_identity.hpp"

namespace frugal::crypto {
namespace {

using base::ErrorKind;

base::Bytes request_for(std::string_view common_name) {
    return make_device_identity(common_name).value().request_der;
}

/// A request with any key and any number of common names, as a stranger's tool might make it.
base::Bytes odd_request(EVP_PKEY* key, const std::vector<std::string>& common_names) {
    const std::unique_ptr<X509_REQ, decltype(&X509_REQ_free)> request(X509_REQ_new(),
                                                                      X509_REQ_free);
    for (const std::string& name : common_names) {
        X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request.get()), "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(name.data()),
                                   static_cast<int>(name.size()), -1, 0);
    }
    X509_REQ_set_pubkey(request.get(), key);
    X509_REQ_sign(request.get(), key, EVP_sha256());
    unsigned char* der = nullptr;
    const int size = i2d_X509_REQ(request.get(), &der);
    base::Bytes bytes(der, der + size);
    OPENSSL_free(der);
    return bytes;
}

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

TEST(CertificateRequest, names_the_device_it_is_for) {
    const auto request = CertificateRequest::verify(request_for("sensor-7"));
    ASSERT_TRUE(request) << request.error().describe();
    EXPECT_EQ(request->device().text(), "sensor-7");
}

TEST(CertificateRequest, with_a_name_that_topics_cannot_carry_is_refused) {
    for (const char* name :
         {"+", "#", "/", "a/b", "*", "sensor-+", "Sensor-7", "sensor 7", "..", "sensor_7",
          "k\xc3\xbc"
          "che"}) {
        const auto request = CertificateRequest::verify(request_for(name));
        ASSERT_FALSE(request) << name;
        EXPECT_EQ(request.error().kind, ErrorKind::kInvalidInput) << name;
        EXPECT_FALSE(request.error().remedy.empty());
    }
}

TEST(CertificateRequest, with_no_or_two_or_hidden_names_is_refused) {
    const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    EXPECT_TRUE(CertificateRequest::verify(odd_request(key.get(), {"a"})));
    EXPECT_FALSE(CertificateRequest::verify(odd_request(key.get(), {})));
    EXPECT_FALSE(CertificateRequest::verify(odd_request(key.get(), {"a", "b"})));
    EXPECT_FALSE(CertificateRequest::verify(odd_request(key.get(), {std::string("a\0b", 3)})));
}

TEST(CertificateRequest, with_another_kind_of_key_is_refused) {
    const Key rsa(EVP_RSA_gen(2048), EVP_PKEY_free);
    const Key p384(EVP_EC_gen("P-384"), EVP_PKEY_free);
    for (EVP_PKEY* key : {rsa.get(), p384.get()}) {
        const auto request = CertificateRequest::verify(odd_request(key, {"sensor-7"}));
        ASSERT_FALSE(request);
        EXPECT_EQ(request.error().kind, ErrorKind::kInvalidInput);
        EXPECT_NE(request.error().message.find("P-256"), std::string::npos);
    }
}

TEST(CertificateRequest, not_signed_with_its_own_key_is_refused) {
    base::Bytes request = request_for("sensor-7");
    request[request.size() - 5] ^= 1;  // inside the signature
    const auto result = CertificateRequest::verify(request);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::kInvalidInput);
}

TEST(CertificateRequest, torn_or_with_bytes_behind_it_is_refused_at_every_length) {
    const base::Bytes request = request_for("sensor-7");
    for (std::size_t size = 0; size < request.size(); ++size) {
        EXPECT_FALSE(CertificateRequest::verify(base::ByteView(request).first(size))) << size;
    }
    base::Bytes longer = request;
    longer.push_back(0);
    EXPECT_FALSE(CertificateRequest::verify(longer));
    EXPECT_EQ(CertificateRequest::verify(base::Bytes(kMaximumRequestBytes + 1)).error().kind,
              ErrorKind::kLimit);
}

}  // namespace
}  // namespace frugal::crypto
