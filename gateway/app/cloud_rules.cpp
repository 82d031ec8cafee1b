// SPDX-License-Identifier: Apache-2.0
#include "app/cloud_rules.hpp"

#include <cmath>
#include <sstream>

#include <fmt/format.h>

#include "wire/server_address.hpp"

namespace frugal::app {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::uint32_t kTaskMax = 255;
constexpr double kQ8 = 256;

Result<core::CloudTask> read_rule(const std::string& text) {
    std::istringstream words(text);
    core::CloudTask rule;
    double below = 0;
    std::string rest;
    const bool is_read = static_cast<bool>(words >> rule.task >> rule.model >> below);
    if (!is_read || words >> rest || rule.task > kTaskMax || !(below > 0 && below <= 1)) {
        return fail(ErrorKind::kInvalidInput, "cloud.tasks: cannot read \"" + text + "\"", {},
                    "Write \"TASK MODEL BELOW\", e.g. \"1 fashion-large 0.6\", joined by commas; "
                    "BELOW is the edge's confidence, above 0 and at most 1.");
    }
    rule.below_q8 = static_cast<std::uint32_t>(std::lround(below * kQ8));
    return rule;
}

}  // namespace

Result<core::CloudConfig> cloud_config(const Config& config) {
    core::CloudConfig cloud;
    cloud.calls_per_day = static_cast<std::uint32_t>(config.cloud_calls_per_day);
    std::istringstream rules(config.cloud_tasks);
    for (std::string text; std::getline(rules, text, ',');) {
        auto rule = read_rule(text);
        if (!rule) {
            return tl::unexpected<base::Error>(rule.error());
        }
        for (const auto& other : cloud.tasks) {
            if (other.task == rule->task) {
                return fail(ErrorKind::kInvalidInput,
                            fmt::format("cloud.tasks names task {} twice", rule->task),
                            "each task asks one model", "Leave one of the two.");
            }
        }
        cloud.tasks.push_back(std::move(*rule));
    }
    if (!config.cloud_url.empty()) {
        if (const auto server = wire::read_server_address(config.cloud_url); !server) {
            return fail(server.error(), "cloud.url");
        }
    }
    if (!cloud.tasks.empty() && config.cloud_url.empty()) {
        return fail(ErrorKind::kInvalidInput, "cloud.tasks is set but cloud.url is not", {},
                    "Name the server, e.g. cloud.url = \"https://inference.example:8443\".");
    }
    return cloud;
}

}  // namespace frugal::app
