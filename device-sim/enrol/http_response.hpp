// SPDX-License-Identifier: Apache-2.0
// Reads one HTTP/1.1 response from a byte stream, as far as enrolment needs it: status, a few
// headers, a body by Content-Length. Sans-IO, one thread. A chunked body or an oversized one is
// refused.
#pragma once

#include <optional>
#include <string>

#include "device-sim/support/result.hpp"

namespace frugal::swarm {

struct HttpResponse {
    int status = 0;
    std::string body;
    bool keeps_open = true;
    int retry_after_s = 0;
    std::size_t consumed_bytes = 0;
};

/// Absent while the response is unfinished.
Result<std::optional<HttpResponse>> parse_http_response(std::string_view bytes);

}  // namespace frugal::swarm
