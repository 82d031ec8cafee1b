// SPDX-License-Identifier: Apache-2.0
#include "wire/server_address.hpp"

#include <boost/url/parse.hpp>

#include <charconv>

namespace frugal::wire {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

constexpr std::string_view kProtocol = "/v2";

base::Error refusal(const std::string& url, std::string cause) {
    return {ErrorKind::kInvalidInput, "\"" + url + "\" is no inference server's address",
            std::move(cause), "Use https://host:port or http://host:port."};
}

bool is_port(std::string_view text) {
    std::uint16_t number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && number != 0;
}

void drop_protocol(std::string& path) {
    const auto drop_slashes = [&path] {
        while (path.ends_with('/')) {
            path.pop_back();
        }
    };
    drop_slashes();
    if (path.ends_with(kProtocol)) {
        path.resize(path.size() - kProtocol.size());
        drop_slashes();
    }
}

}  // namespace

Result<ServerAddress> read_server_address(const std::string& text) {
    const auto url = boost::urls::parse_uri(text);
    if (!url || url->host().empty()) {
        return tl::unexpected(refusal(text, "it has no host, or is no URL"));
    }
    if (url->scheme() != "http" && url->scheme() != "https") {
        return tl::unexpected(refusal(text, "only http and https are spoken"));
    }
    if (url->has_query() || url->has_fragment() || url->has_userinfo()) {
        return tl::unexpected(refusal(text, "a query, a fragment or a user is not sent"));
    }
    if (url->has_port() && !is_port(std::string(url->port()))) {
        return tl::unexpected(refusal(text, "a port is a number of 1 to 65535"));
    }
    ServerAddress server;
    server.is_tls = url->scheme() == "https";
    server.host = url->host_address();
    server.port = url->has_port() ? std::string(url->port()) : (server.is_tls ? "443" : "80");
    server.authority = url->encoded_host_and_port();
    server.prefix = url->encoded_path();
    drop_protocol(server.prefix);
    return server;
}

}  // namespace frugal::wire
