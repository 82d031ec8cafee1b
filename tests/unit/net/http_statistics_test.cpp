// SPDX-License-Identifier: Apache-2.0
#include "net/http_statistics.hpp"

#include <gtest/gtest.h>

namespace frugal::net {
namespace {

TEST(HttpStatistics, are_metrics_by_operation_and_status) {
    HttpStatistics statistics;
    statistics.routes[{"list_devices", 200}] = {4, 0.5};
    statistics.evicted = 3;
    wire::MetricsText metrics;
    append_statistics(metrics, statistics);
    for (const char* line :
         {"frugal_http_request_duration_seconds_sum{route=\"list_devices\",code=\"200\"} 0.5\n",
          "frugal_http_request_duration_seconds_count{route=\"list_devices\",code=\"200\"} 4\n",
          "frugal_http_connections_total{outcome=\"evicted\"} 3\n"}) {
        EXPECT_NE(metrics.text().find(line), std::string::npos) << metrics.text();
    }
}

}  // namespace
}  // namespace frugal::net
