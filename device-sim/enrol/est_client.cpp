// SPDX-License-Identifier: Apache-2.0
#include "device-sim/enrol/est_client.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>

#include "device-sim/enrol/certificate_request.hpp"
#include "device-sim/net/openssl.hpp"
#include "device-sim/support/text.hpp"

namespace frugal::swarm {
namespace {

constexpr time_t kAnswerDeadlineS = 20;

std::string build_request(const Endpoint& endpoint, const std::string& device,
                          const std::string& claim_code, ByteView request_der) {
    const std::string body = to_base64(request_der);
    return fmt::format(
        "POST /.well-known/est/simpleenroll HTTP/1.1\r\n"
        "Host: {}:{}\r\n"
        "Authorization: Basic {}\r\n"
        "Content-Type: application/pkcs10\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        "Content-Length: {}\r\n\r\n{}",
        endpoint.host, endpoint.port, to_base64(as_bytes(device + ":" + claim_code)), body.size(),
        body);
}

std::string remedy_for(int status) {
    if (status == 401 || status == 403) {
        return "ask the gateway for a new claim code: each works once";
    }
    return status == 409 ? "revoke the device or delete it from the registry first" : "";
}

}  // namespace

void EstClient::Free::operator()(ssl_st* ssl) const {
    SSL_free(ssl);
}

EstClient::~EstClient() {
    disconnect();
}

Result<EstClient> EstClient::create(const std::string& url, const TlsContext& context) {
    constexpr std::string_view kScheme = "https://";
    if (!url.starts_with(kScheme)) {
        return fail("'" + url + "' is not an https URL", {}, "write https://HOST:PORT with --est");
    }
    const std::string_view rest = std::string_view(url).substr(kScheme.size());
    auto endpoint = Endpoint::parse(rest.substr(0, rest.find('/')));
    if (!endpoint) {
        return tl::unexpected<Error>(endpoint.error());
    }
    return EstClient(std::move(*endpoint), context);
}

Result<Identity> EstClient::enrol(const std::string& device, const std::string& claim_code) {
    auto request = make_certificate_request(device);
    if (!request) {
        return tl::unexpected<Error>(request.error());
    }
    const auto response =
        exchange(build_request(endpoint_, device, claim_code, request->request_der));
    if (!response) {
        return fail_with(response.error(), "enrolment of " + device);
    }
    if (response->status != 200) {
        return fail("the gateway refused to enrol " + device,
                    fmt::format("HTTP {}", response->status), remedy_for(response->status));
    }
    const auto pkcs7 = from_base64(response->body);
    if (!pkcs7) {
        return fail("the enrolment answer for " + device + " is no Base64");
    }
    auto certificate = certificate_from_pkcs7(*pkcs7, request->private_key_der);
    if (!certificate) {
        return fail_with(certificate.error(), device);
    }
    return Identity{std::move(*certificate), std::move(request->private_key_der)};
}

Result<HttpResponse> EstClient::exchange(const std::string& request) {
    const bool was_connected = ssl_ != nullptr;
    auto response = exchange_once(request);
    if (!response && was_connected) {
        return exchange_once(request);  // the server may have closed an idle connection
    }
    return response;
}

Result<HttpResponse> EstClient::exchange_once(const std::string& request) {
    if (!ssl_) {
        if (auto connected = connect(); !connected) {
            return tl::unexpected<Error>(connected.error());
        }
    }
    ERR_clear_error();
    if (SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size())) <= 0) {
        disconnect();
        return fail("cannot send to the enrolment server", openssl_cause());
    }
    std::string received;
    std::array<char, 8192> piece;
    while (true) {
        auto response = parse_http_response(received);
        if (!response) {
            disconnect();
            return tl::unexpected<Error>(response.error());
        }
        if (*response) {
            if (!(*response)->keeps_open) {
                disconnect();
            }
            return **response;
        }
        const int count = SSL_read(ssl_.get(), piece.data(), static_cast<int>(piece.size()));
        if (count <= 0) {
            disconnect();
            return fail("the enrolment server closed the connection", openssl_cause());
        }
        received.append(piece.data(), static_cast<std::size_t>(count));
    }
}

Result<void> EstClient::connect() {
    auto connected = connect_socket(endpoint_, SocketMode::kBlocking);
    if (!connected) {
        return tl::unexpected<Error>(connected.error());
    }
    socket_ = std::move(*connected);
    const timeval deadline{kAnswerDeadlineS, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
    const auto ssl = context_->new_client(socket_.get(), endpoint_.host, nullptr, {});
    if (!ssl) {
        return tl::unexpected<Error>(ssl.error());
    }
    ssl_.reset(*ssl);
    ERR_clear_error();
    if (SSL_connect(ssl_.get()) != 1) {
        const long verification = SSL_get_verify_result(ssl_.get());
        const std::string cause = verification != X509_V_OK
                                      ? X509_verify_cert_error_string(verification)
                                      : openssl_cause();
        disconnect();
        return fail("no TLS with the enrolment server " + endpoint_.host, cause,
                    "check the CA file given for the enrolment server");
    }
    return {};
}

void EstClient::disconnect() {
    if (ssl_) {
        SSL_shutdown(ssl_.get());
    }
    ssl_.reset();
    socket_.reset();
}

}  // namespace frugal::swarm
