// SPDX-License-Identifier: Apache-2.0
#include "device-sim/net/endpoint.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>

namespace frugal::swarm {

Result<Endpoint> Endpoint::parse(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) {
        return fail("'" + std::string(text) + "' is not HOST:PORT", "no colon or an empty part",
                    "write for example 127.0.0.1:8883");
    }
    Endpoint endpoint;
    endpoint.host = text.substr(0, colon);
    endpoint.port = text.substr(colon + 1);
    if (endpoint.host.front() == '[' && endpoint.host.back() == ']') {
        endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
    }
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int code = ::getaddrinfo(endpoint.host.c_str(), endpoint.port.c_str(), &hints, &found);
    if (code != 0) {
        return fail("cannot resolve '" + std::string(text) + "'", ::gai_strerror(code));
    }
    std::memcpy(&endpoint.address, found->ai_addr, found->ai_addrlen);
    endpoint.address_size = found->ai_addrlen;
    ::freeaddrinfo(found);
    return endpoint;
}

Result<FileDescriptor> connect_socket(const Endpoint& endpoint, SocketMode mode) {
    const int flags =
        SOCK_STREAM | SOCK_CLOEXEC | (mode == SocketMode::kNonBlocking ? SOCK_NONBLOCK : 0);
    FileDescriptor file(::socket(endpoint.address.ss_family, flags, 0));
    if (!file.is_open()) {
        return fail("cannot create a socket", system_cause(), "raise the limit of open files");
    }
    const int one = 1;
    ::setsockopt(file.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const auto* address = reinterpret_cast<const sockaddr*>(&endpoint.address);
    if (::connect(file.get(), address, endpoint.address_size) != 0 && errno != EINPROGRESS) {
        return fail("cannot connect to " + endpoint.host + ":" + endpoint.port, system_cause());
    }
    return file;
}

}  // namespace frugal::swarm
