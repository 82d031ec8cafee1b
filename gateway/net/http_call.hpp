// SPDX-License-Identifier: Apache-2.0
// Private to this folder: one request and its response over an open connection, client side. Loop
// thread. Keeps no deadline: whoever owns the connection closes it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "net/http_transport.hpp"

namespace frugal::net {

/// Has constructors for the sake of co_await: see IoResult.
struct HttpReply {
    HttpReply() = default;
    std::uint32_t status = 0;
    std::string body;
    bool keeps_open = false;  ///< the connection may carry another call
};

/// How far a failed exchange came: one that got no byte back may have met a connection that the
/// server had closed long before.
struct HttpExchange {
    HttpExchange() = default;
    base::Result<HttpReply> reply = HttpReply();
    bool has_answer_begun = false;
};

/// `request` is the whole request, head and body. kUnavailable, kInvalidInput.
boost::asio::awaitable<HttpExchange> exchange_http(HttpTransport* transport, std::string request,
                                                   std::size_t body_bytes_max);

}  // namespace frugal::net
