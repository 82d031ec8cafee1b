// SPDX-License-Identifier: Apache-2.0
// Enrols devices over EST (RFC 7030, simpleenroll): proves the claim code by HTTP Basic, sends the
// request, receives the certificate. Blocking, but never longer than its timeout; used before the
// loop starts or between its steps; one thread. It keeps one connection open and never sends a code
// to a server the pinned CA does not vouch for.
#pragma once

#include <chrono>
#include <string>

#include "device-sim/enrol/http_response.hpp"
#include "device-sim/net/endpoint.hpp"
#include "device-sim/net/identity.hpp"
#include "device-sim/net/tls_context.hpp"

namespace frugal::swarm {

class EstClient {
public:
    static constexpr std::chrono::seconds kTimeout{20};

    /// @param url https://host:port, with or without /.well-known/est
    /// @param timeout of one enrolment: connection, TLS, request and answer together
    static Result<EstClient> create(const std::string& url, const TlsContext& context,
                                    std::chrono::seconds timeout = kTimeout);

    EstClient(EstClient&&) noexcept = default;
    EstClient& operator=(EstClient&&) noexcept = default;
    ~EstClient();

    /// A fresh key and the certificate for it.
    Result<Identity> enrol(const std::string& device, const std::string& claim_code);

private:
    EstClient(Endpoint endpoint, const TlsContext& context, std::chrono::seconds timeout)
        : endpoint_(std::move(endpoint)), context_(&context), timeout_(timeout) {}

    Result<HttpResponse> exchange(const std::string& request);
    Result<HttpResponse> exchange_once(const std::string& request);
    Result<void> connect();
    Result<void> handshake();
    void disconnect();
    bool wait(short events) const;
    template <typename Operation>
    int drive(Operation operation);
    tl::unexpected<Error> failure(const std::string& what) const;

    Endpoint endpoint_;
    const TlsContext* context_;
    std::chrono::seconds timeout_;
    std::chrono::steady_clock::time_point deadline_;  ///< of the enrolment under way
    FileDescriptor socket_;
    struct Free {
        void operator()(ssl_st* ssl) const;
    };
    std::unique_ptr<ssl_st, Free> ssl_;
};

}  // namespace frugal::swarm
