// SPDX-License-Identifier: Apache-2.0
// The address of an inference server as people write it. Pure function, any thread; used by the
// check of a configuration and by the client that calls, so that both say the same.
#pragma once

#include <string>

#include "base/result.hpp"

namespace frugal::wire {

struct ServerAddress {
    std::string host;
    std::string port;       ///< 1 to 65535
    std::string authority;  ///< the Host field
    std::string prefix;     ///< a path in front of /v2, without a slash at its end
    bool is_tls = false;
};

/// http:// or https://, host, perhaps a port and a path the protocol stands under; an address that
/// ends with /v2 means the same without it. kInvalidInput for anything else.
base::Result<ServerAddress> read_server_address(const std::string& url);

}  // namespace frugal::wire
