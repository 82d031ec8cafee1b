// SPDX-License-Identifier: Apache-2.0
// One OpenSSL context for all clients of the process: TLS 1.3, the pinned CA, the server's name
// checked, buffers released when idle. Owned by main, one thread; it outlives its connections.
// It never falls back to the system's CA store.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "device-sim/net/identity.hpp"
#include "device-sim/support/result.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace frugal::swarm {

class TlsContext {
public:
    /// @param ca_file PEM file of the CA (or the certificate itself) the server must chain to
    static Result<TlsContext> open(const std::filesystem::path& ca_file);

    TlsContext(TlsContext&&) noexcept;
    TlsContext& operator=(TlsContext&&) noexcept;
    ~TlsContext();

    /// A client's TLS state for one connection, bound to the socket; the caller owns it.
    /// @param session DER of an earlier session to resume, may be empty
    /// @param identity certificate to show, may be null
    Result<ssl_st*> new_client(int descriptor, const std::string& server_name,
                               const Identity* identity, ByteView session) const;

    /// New sessions of this connection are written here as DER until it is freed.
    static void keep_sessions_in(ssl_st* ssl, Bytes& session);

private:
    struct Free {
        void operator()(ssl_ctx_st* context) const;
    };
    explicit TlsContext(ssl_ctx_st* context);

    std::unique_ptr<ssl_ctx_st, Free> context_;
};

}  // namespace frugal::swarm
