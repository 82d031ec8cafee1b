// SPDX-License-Identifier: Apache-2.0
#include "device-sim/net/tls_context.hpp"

#include <arpa/inet.h>
#include <openssl/x509v3.h>

#include "device-sim/net/openssl.hpp"

namespace frugal::swarm {
namespace {

/// Called when a ticket arrives. The session is kept as DER: OpenSSL's own object is three times
/// as large because it holds the parsed chain of the server.
int on_new_session(SSL* ssl, SSL_SESSION* session) {
    auto* kept = static_cast<Bytes*>(SSL_get_app_data(ssl));
    const int size = i2d_SSL_SESSION(session, nullptr);
    if (kept != nullptr && size > 0) {
        kept->resize(static_cast<std::size_t>(size));
        std::uint8_t* out = kept->data();
        i2d_SSL_SESSION(session, &out);
    }
    return 0;
}

bool is_address(const std::string& name) {
    in6_addr buffer;
    return ::inet_pton(AF_INET, name.c_str(), &buffer) == 1 ||
           ::inet_pton(AF_INET6, name.c_str(), &buffer) == 1;
}

bool expect_name(SSL* ssl, const std::string& name) {
    if (is_address(name)) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1;
    }
    return SSL_set1_host(ssl, name.c_str()) == 1 &&
           SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
}

Result<void> show_identity(SSL* ssl, const Identity& identity) {
    const std::uint8_t* key_bytes = identity.private_key_der.data();
    const KeyPointer key(d2i_PrivateKey(EVP_PKEY_EC, nullptr, &key_bytes,
                                        static_cast<long>(identity.private_key_der.size())));
    const bool is_fine =
        key &&
        SSL_use_certificate_ASN1(ssl, identity.certificate_der.data(),
                                 static_cast<int>(identity.certificate_der.size())) == 1 &&
        SSL_use_PrivateKey(ssl, key.get()) == 1;
    if (!is_fine) {
        return fail("a stored certificate or key is unusable", openssl_cause(),
                    "delete the device's folder in the state directory to enrol it again");
    }
    return {};
}

void resume(SSL* ssl, ByteView session) {
    const std::uint8_t* bytes = session.data();
    const SslSessionPointer parsed(
        d2i_SSL_SESSION(nullptr, &bytes, static_cast<long>(session.size())));
    if (parsed) {
        SSL_set_session(ssl, parsed.get());
    }
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}
TlsContext::TlsContext(ssl_ctx_st* context) : context_(context) {}
TlsContext::TlsContext(TlsContext&&) noexcept = default;
TlsContext& TlsContext::operator=(TlsContext&&) noexcept = default;
TlsContext::~TlsContext() = default;

Result<TlsContext> TlsContext::open(const std::filesystem::path& ca_file) {
    TlsContext opened(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* context = opened.context_.get();
    if (context == nullptr || SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1) {
        return fail("cannot read the CA file " + ca_file.string(), openssl_cause(),
                    "give the PEM file of the site's CA with --ca");
    }
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, &on_new_session);
    return opened;
}

Result<ssl_st*> TlsContext::new_client(int descriptor, const std::string& server_name,
                                       const Identity* identity, ByteView session) const {
    SslPointer ssl(SSL_new(context_.get()));
    if (!ssl || SSL_set_fd(ssl.get(), descriptor) != 1 || !expect_name(ssl.get(), server_name)) {
        return fail("cannot start TLS", openssl_cause());
    }
    if (identity != nullptr) {
        if (auto shown = show_identity(ssl.get(), *identity); !shown) {
            return tl::unexpected<Error>(shown.error());
        }
    }
    if (!session.empty()) {
        resume(ssl.get(), session);
    }
    SSL_set_connect_state(ssl.get());
    return ssl.release();
}

void TlsContext::keep_sessions_in(ssl_st* ssl, Bytes& session) {
    SSL_set_app_data(ssl, &session);
}

}  // namespace frugal::swarm
