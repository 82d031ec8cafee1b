// SPDX-License-Identifier: Apache-2.0
// The numbers of a policy file that no compiled form holds, and so no compiler refuses: each has a
// finite range.
#include <array>

#include <fmt/format.h>

#include "policy/author/policy_parts.hpp"

namespace frugal::policy {

using base::Result;

namespace {

struct NumberRange {
    std::string_view key;
    double least;
    double most;
    std::string_view cause;
    std::string_view remedy;
};

constexpr std::array<NumberRange, 3> kModelNumbers = {{
    {"temperature", 0.001, 1000, "chances of the edge model are raised to 1 / temperature",
     "Write 1.0, or what a canary measured."},
    {"rho", -10, 10, "gains are multiplied by it", "Write 1.0, or what a canary measured."},
    {"canary", 0, 100'000, "the gain table counts as so many labelled samples",
     "Write how many were measured, 200 to 500 are a good measure."},
}};
constexpr NumberRange kPayload = {"payload_bytes", 1, 524'272, "devices count payloads up to there",
                                  "Write the bytes of one input."};
constexpr NumberRange kError = {"error", 1, 1,
                                "a gain or price of 256 is one wrong answer, nothing scales it",
                                "Write error = 1.0, or leave [units] out."};

// Not a number compares false with both ends.
Result<void> check_number(const toml::table& table, const NumberRange& range,
                          const std::string& origin) {
    const auto node = table[range.key];
    // A whole number that no double holds exactly has no value<double>().
    const double value = node.is_integer() ? static_cast<double>(node.value_or<std::int64_t>(0))
                                           : node.value_or(range.least);
    if (!node || (value >= range.least && value <= range.most)) {
        return {};
    }
    const auto wanted = range.least == range.most
                            ? fmt::format("{}", range.most)
                            : fmt::format("{} to {}", range.least, range.most);
    return refuse_at(*node.node(), origin,
                     fmt::format("{} = {} is not {}", range.key, value, wanted),
                     std::string(range.remedy), std::string(range.cause));
}

}  // namespace

Result<void> check_model_numbers(const toml::table& model, const std::string& origin) {
    for (const auto& range : kModelNumbers) {
        if (auto checked = check_number(model, range, origin); !checked) {
            return checked;
        }
    }
    return {};
}

Result<void> check_numbers(const toml::table& file, const toml::table& task,
                           const std::string& origin) {
    const toml::table* units = file["units"].as_table();
    auto checked = units != nullptr ? check_number(*units, kError, origin) : Result<void>();
    checked = checked ? check_number(task, kPayload, origin) : checked;
    const toml::array* models = task["model"].as_array();
    for (std::size_t i = 0; checked && models != nullptr && i < models->size(); ++i) {
        const toml::table* model = models->get(i)->as_table();
        checked = model != nullptr ? check_model_numbers(*model, origin) : Result<void>();
    }
    return checked;
}

}  // namespace frugal::policy
