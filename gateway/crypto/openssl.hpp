// SPDX-License-Identifier: Apache-2.0
// Private to this folder: owning handles for OpenSSL objects and its error queue as our Error.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/certificate.hpp"

namespace frugal::crypto {

template <auto release>
struct Releaser {
    template <typename T>
    void operator()(T* object) const {
        release(object);
    }
};

using BioHandle = std::unique_ptr<BIO, Releaser<BIO_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>>;
using KeyContextHandle = std::unique_ptr<EVP_PKEY_CTX, Releaser<EVP_PKEY_CTX_free>>;
using DigestContextHandle = std::unique_ptr<EVP_MD_CTX, Releaser<EVP_MD_CTX_free>>;
using CertificateHandle = std::unique_ptr<X509, Releaser<X509_free>>;
using RequestHandle = std::unique_ptr<X509_REQ, Releaser<X509_REQ_free>>;
using RevocationHandle = std::unique_ptr<X509_CRL, Releaser<X509_CRL_free>>;
using IntegerHandle = std::unique_ptr<ASN1_INTEGER, Releaser<ASN1_INTEGER_free>>;
using TimeHandle = std::unique_ptr<ASN1_TIME, Releaser<ASN1_TIME_free>>;
using Pkcs7Handle = std::unique_ptr<PKCS7, Releaser<PKCS7_free>>;

/// An error of kind kInternal (or the given one) whose cause is OpenSSL's newest error; the error
/// queue of this thread is empty afterwards.
tl::unexpected<base::Error> openssl_failure(std::string message,
                                            base::ErrorKind kind = base::ErrorKind::kInternal,
                                            std::string remedy = {});

/// A memory BIO that reads the text; the text must outlive it.
BioHandle reading(std::string_view text);
BioHandle writing();
std::string written(const BioHandle& bio);

/// A fresh P-256 key. kInternal.
base::Result<KeyHandle> generate_p256();

/// PKCS#8 PEM of a private key. kInternal.
base::Result<std::string> private_key_pem(EVP_PKEY* key);

/// Reads an unencrypted private key; never asks for a passphrase. kInvalidInput.
base::Result<KeyHandle> read_private_key(std::string_view pem);

/// True if the key is an EC key on P-256.
bool is_p256(const EVP_PKEY* key);

/// Our view of a certificate. kInternal, kUnsupported.
base::Result<Certificate> describe(X509* certificate);

base::Result<CertificateHandle> read_x509(std::string_view pem);

/// The only common name of a subject; absent if there is none, more than one, or a NUL inside.
std::optional<std::string> only_common_name(const X509_NAME* name);

/// Sets a subject or issuer of one common name. False on failure.
bool set_common_name(X509_NAME* name, std::string_view text);

TimeHandle to_asn1_time(base::WallTime time);
base::WallTime from_asn1_time(const ASN1_TIME* time);

IntegerHandle to_asn1_integer(const SerialNumber& serial);

}  // namespace frugal::crypto
