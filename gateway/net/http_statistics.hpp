// SPDX-License-Identifier: Apache-2.0
// The HTTP server's totals as metrics. Pure; loop thread because the server's totals are.
#pragma once

#include "net/http_server.hpp"
#include "wire/http_metrics.hpp"

namespace frugal::net {

/// frugal_http_request_duration_seconds{route,code} and what became of connections.
void append_statistics(wire::MetricsText& metrics, const HttpStatistics& statistics);

}  // namespace frugal::net
