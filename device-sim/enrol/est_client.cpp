// SPDX-License-Identifier: Apache-2.0
#include "device-sim/enrol/est_client.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "device-sim/enrol/certificate_request.hpp"
#include "device-sim/net/openssl.hpp"
#include "device-sim/support/text.hpp"

namespace frugal::swarm {
namespace {

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

Result<EstClient> EstClient::create(const std::string& url, const TlsContext& context,
                                    std::chrono::seconds timeout) {
    constexpr std::string_view kScheme = "https://";
    if (!url.starts_with(kScheme)) {
        return fail("'" + url + "' is not an https URL", {}, "write https://HOST:PORT with --est");
    }
    const std::string_view rest = std::string_view(url).substr(kScheme.size());
    auto endpoint = Endpoint::parse(rest.substr(0, rest.find('/')));
    if (!endpoint) {
        return tl::unexpected<Error>(endpoint.error());
    }
    return EstClient(std::move(*endpoint), context, timeout);
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
    deadline_ = std::chrono::steady_clock::now() + timeout_;
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
    const int sent = drive(
        [&] { return SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size())); });
    if (sent <= 0) {
        auto error = failure("take the request");
        disconnect();
        return error;
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
        const int count = drive(
            [&] { return SSL_read(ssl_.get(), piece.data(), static_cast<int>(piece.size())); });
        if (count <= 0) {
            auto error = failure("answer");
            disconnect();
            return error;
        }
        received.append(piece.data(), static_cast<std::size_t>(count));
    }
}

Result<void> EstClient::connect() {
    auto connected = connect_socket(endpoint_, SocketMode::kNonBlocking);
    if (!connected) {
        return tl::unexpected<Error>(connected.error());
    }
    socket_ = std::move(*connected);
    if (!wait(POLLOUT)) {
        auto error = failure("accept the connection");
        disconnect();
        return error;
    }
    int refused = 0;
    socklen_t size = sizeof refused;
    if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &refused, &size) != 0 || refused != 0) {
        disconnect();
        return fail("cannot connect to " + endpoint_.host + ":" + endpoint_.port,
                    std::strerror(refused), "start the gateway, or correct --est");
    }
    const auto ssl = context_->new_client(socket_.get(), endpoint_.host, nullptr, {});
    if (!ssl) {
        return tl::unexpected<Error>(ssl.error());
    }
    ssl_.reset(*ssl);
    return handshake();
}

Result<void> EstClient::handshake() {
    if (drive([&] { return SSL_connect(ssl_.get()); }) == 1) {
        return {};
    }
    auto error = failure("finish the TLS handshake");
    const long verification = SSL_get_verify_result(ssl_.get());
    if (verification != X509_V_OK) {
        error = fail("no TLS with the enrolment server " + endpoint_.host,
                     X509_verify_cert_error_string(verification),
                     "check the CA file given for the enrolment server");
    }
    disconnect();
    return error;
}

/// False when the time is up first.
bool EstClient::wait(short events) const {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline_ - std::chrono::steady_clock::now());
        pollfd polled{socket_.get(), events, 0};
        const int ready =
            left.count() <= 0 ? 0 : ::poll(&polled, 1, static_cast<int>(left.count()));
        if (ready >= 0 || errno != EINTR) {
            return ready > 0;
        }
    }
}

/// Repeats an OpenSSL call on the non-blocking socket until it ends or the time is up.
template <typename Operation>
int EstClient::drive(Operation operation) {
    while (true) {
        ERR_clear_error();
        errno = 0;
        const int result = operation();
        if (result > 0) {
            return result;
        }
        const int wants = SSL_get_error(ssl_.get(), result);
        const bool can_wait = wants == SSL_ERROR_WANT_READ || wants == SSL_ERROR_WANT_WRITE;
        if (!can_wait || !wait(wants == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT)) {
            return result;
        }
    }
}

/// Why the server did not do something: the time is up, or what OpenSSL says.
tl::unexpected<Error> EstClient::failure(const std::string& what) const {
    const int code = errno;
    const std::string server = "the enrolment server " + endpoint_.host + ":" + endpoint_.port;
    if (std::chrono::steady_clock::now() >= deadline_) {
        return fail(fmt::format("{} did not {} within {} s", server, what, timeout_.count()),
                    "it hangs or is busy, or the way to it is cut",
                    "look at the gateway's log, then try again");
    }
    const std::string cause = ERR_peek_error() != 0 ? openssl_cause()
                              : code != 0           ? std::strerror(code)
                                                    : "it closed the connection";
    return fail(server + " did not " + what, cause);
}

void EstClient::disconnect() {
    if (ssl_) {
        SSL_shutdown(ssl_.get());
    }
    ssl_.reset();
    socket_.reset();
}

}  // namespace frugal::swarm
