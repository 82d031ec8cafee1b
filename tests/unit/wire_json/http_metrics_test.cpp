// SPDX-License-Identifier: Apache-2.0
#include "wire/http_metrics.hpp"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace frugal::wire {
namespace {

TEST(MetricsText, writes_families_samples_and_escaped_labels) {
    MetricsText metrics;
    metrics.family("frugal_things_total", "counter", "Things.");
    metrics.sample(3, {{"kind", "a\"b\\c\nd"}, {"other", "x"}});
    metrics.sample_of("_sum", 0.5);
    metrics.single("frugal_size_bytes", "gauge", "Size.", 1e21);
    EXPECT_EQ(metrics.text(),
              "# HELP frugal_things_total Things.\n# TYPE frugal_things_total counter\n"
              "frugal_things_total{kind=\"a\\\"b\\\\c\\nd\",other=\"x\"} 3\n"
              "frugal_things_total_sum 0.5\n"
              "# HELP frugal_size_bytes Size.\n# TYPE frugal_size_bytes gauge\n"
              "frugal_size_bytes 1e+21\n");
    EXPECT_TRUE(metrics.response().content_type.starts_with("text/plain; version=0.0.4"));
}

TEST(MetricsText, overview_has_every_family_once_and_no_name_of_a_device) {
    core::Overview overview;
    overview.device_states[core::DeviceState::kEnrolled] = 7;
    overview.newest_rollout = core::RolloutView{{}, *base::ModelName::parse("m"), 1, {}, {}, 7};
    overview.newest_rollout->counts[core::RolloutState::kConfirmed] = 5;
    MetricsText metrics;
    append_overview(metrics, overview);
    std::set<std::string> families;
    std::istringstream lines(metrics.text());
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# TYPE ")) {
            EXPECT_TRUE(families.insert(line).second) << line;
            EXPECT_EQ(line.find(" counter") != std::string::npos,
                      line.find("_total ") != std::string::npos)
                << line;
        }
    }
    EXPECT_GE(families.size(), 15u);
    EXPECT_NE(metrics.text().find("frugal_nodes{state=\"enrolled\"} 7\n"), std::string::npos);
    EXPECT_NE(metrics.text().find("state=\"confirmed\"} 5\n"), std::string::npos);
}

}  // namespace
}  // namespace frugal::wire
