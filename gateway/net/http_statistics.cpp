// SPDX-License-Identifier: Apache-2.0
#include "net/http_statistics.hpp"

namespace frugal::net {

void append_statistics(wire::MetricsText& metrics, const HttpStatistics& statistics) {
    metrics.family("frugal_http_request_duration_seconds", "summary",
                   "Time from a request's head to its answer, by operation and status.");
    for (const auto& [key, totals] : statistics.routes) {
        const std::string code = std::to_string(key.second);
        const auto requests = static_cast<double>(totals.requests);
        metrics.sample_of("_sum", totals.seconds, {{"route", key.first}, {"code", code}});
        metrics.sample_of("_count", requests, {{"route", key.first}, {"code", code}});
    }
    metrics.single("frugal_http_connections", "gauge", "Connections that are open.",
                   static_cast<double>(statistics.open_connections));
    metrics.family("frugal_http_connections_total", "counter",
                   "Connections by what became of them.");
    metrics.sample(static_cast<double>(statistics.accepted), {{"outcome", "accepted"}});
    metrics.sample(static_cast<double>(statistics.evicted), {{"outcome", "evicted"}});
    metrics.sample(static_cast<double>(statistics.failed_handshakes),
                   {{"outcome", "handshake-failed"}});
    metrics.single("frugal_http_failed_logins_total", "counter",
                   "Wrong tokens and claim codes presented.",
                   static_cast<double>(statistics.failed_logins));
}

}  // namespace frugal::net
