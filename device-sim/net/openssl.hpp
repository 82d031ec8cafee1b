// SPDX-License-Identifier: Apache-2.0
// OpenSSL objects as unique_ptr, and its error queue as text. Included by .cpp files of this
// program only; never by a header others include.
#pragma once

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace frugal::swarm {

template <auto Free>
struct OpensslFree {
    template <typename T>
    void operator()(T* object) const {
        Free(object);
    }
};

using SslPointer = std::unique_ptr<SSL, OpensslFree<&SSL_free>>;
using SslContextPointer = std::unique_ptr<SSL_CTX, OpensslFree<&SSL_CTX_free>>;
using SslSessionPointer = std::unique_ptr<SSL_SESSION, OpensslFree<&SSL_SESSION_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, OpensslFree<&EVP_PKEY_free>>;
using CertificatePointer = std::unique_ptr<X509, OpensslFree<&X509_free>>;

/// The first error in the queue as text, and empties the queue.
inline std::string openssl_cause() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) {
        return "no detail from OpenSSL";
    }
    char text[256];
    ERR_error_string_n(code, text, sizeof text);
    return text;
}

}  // namespace frugal::swarm
