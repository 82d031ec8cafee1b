// SPDX-License-Identifier: Apache-2.0
// What `frugalctl health --json` says: whether the gateway is ready, and if not, what fails. One
// document in every case, so that who reads it never has to tell an empty output from a lost one.
// Pure.
#pragma once

#include <boost/json/object.hpp>

#include "base/result.hpp"
#include "cli/http_answer.hpp"

namespace frugal::cli {

/// {"ready", "reachable", "failing": [..]}, and "error" {"message", "cause", "remedy"} unless it is
/// ready. `answer`: the daemon's to GET /readyz, or why there is none.
boost::json::object health_document(const base::Result<HttpAnswer>& answer);

}  // namespace frugal::cli
