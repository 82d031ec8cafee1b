// SPDX-License-Identifier: Apache-2.0
// Where a server listens: the host as the user wrote it (the name its certificate must carry) and
// the address it resolved to. Plain value; parse() resolves and may block, so it is called once.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "device-sim/support/file.hpp"
#include "device-sim/support/result.hpp"

namespace frugal::swarm {

struct Endpoint {
    std::string host;
    std::string port;
    sockaddr_storage address{};
    socklen_t address_size = 0;

    /// From "host:port" or "[v6]:port".
    static Result<Endpoint> parse(std::string_view text);
};

enum class SocketMode { kBlocking, kNonBlocking };

/// A TCP socket with TCP_NODELAY whose connect has begun (or ended, if blocking).
Result<FileDescriptor> connect_socket(const Endpoint& endpoint, SocketMode mode);

}  // namespace frugal::swarm
