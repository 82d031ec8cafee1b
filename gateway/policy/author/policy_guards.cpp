// SPDX-License-Identifier: Apache-2.0
// The guards of a policy file, and quantities with a unit.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include <fmt/format.h>

#include "policy/author/field_names.hpp"
#include "policy/author/policy_parts.hpp"

namespace frugal::policy {

using base::Result;

namespace {

const FieldName* find_field(std::string_view name) {
    const auto found = std::find_if(kFields.begin(), kFields.end(),
                                    [&](const FieldName& field) { return field.name == name; });
    return found == kFields.end() ? nullptr : &*found;
}

std::optional<fr_guard_spec_t> parse_condition(const std::string& field_name,
                                               const std::string& operation_name,
                                               const std::string& value) {
    const FieldName* field = find_field(field_name);
    const auto operation =
        std::find_if(kOperations.begin(), kOperations.end(),
                     [&](const auto& candidate) { return candidate.first == operation_name; });
    if (field == nullptr || operation == kOperations.end()) {
        return std::nullopt;
    }
    fr_guard_spec_t guard{};
    guard.field = static_cast<std::uint8_t>(field->field);
    guard.operation = static_cast<std::uint8_t>(operation->second);
    if (const FieldName* other = find_field(value); other != nullptr) {
        guard.operation = static_cast<std::uint8_t>(guard.operation | FR_GUARD_FIELD_VALUE);
        guard.value = static_cast<std::int16_t>(other->field);
        return guard;
    }
    const double percent = field->percent_factor;
    const auto number =
        percent > 0 ? number_with_unit(value, {{"%", percent}})
                    : number_with_unit(value, {{"", 1.0}, {"ms", 1.0}, {"dBm", 1.0}, {"h", 1.0}});
    if (!number || std::abs(*number) > INT16_MAX) {
        return std::nullopt;
    }
    guard.value = static_cast<std::int16_t>(std::lround(*number));
    return guard;
}

// "a < 1 or b > c": every alternative is a guard of its own.
Result<void> read_condition(const toml::node& node, const std::string& origin,
                            const std::string& when, std::vector<fr_guard_spec_t>& guards) {
    std::istringstream words(when);
    std::string field;
    while (words >> field) {
        std::string operation;
        std::string value;
        std::string conjunction;
        words >> operation >> value >> conjunction;
        const auto guard = parse_condition(field, operation, value);
        if (!guard || (!conjunction.empty() && conjunction != "or")) {
            return refuse_at(
                node, origin,
                fmt::format("cannot read the condition \"{} {} {}\"", field, operation, value),
                "Write conditions as `battery < 20%` or `rtt > slack`, joined by `or`.");
        }
        guards.push_back(*guard);
    }
    return {};
}

}  // namespace

std::optional<double> number_with_unit(
    const std::string& text, std::initializer_list<std::pair<std::string_view, double>> units) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    for (const auto& [name, factor] : units) {
        if (error == std::errc() && unit == name) {
            return value * factor;
        }
    }
    return std::nullopt;
}

Result<std::vector<fr_guard_spec_t>> read_guards(const toml::table& file,
                                                 const std::string& origin) {
    std::vector<fr_guard_spec_t> all;
    const toml::array* guards = file["guard"].as_array();
    for (std::size_t i = 0; guards != nullptr && i < guards->size(); ++i) {
        const toml::table* guard = guards->get(i)->as_table();
        const auto when = guard != nullptr ? (*guard)["when"].value<std::string>() : std::nullopt;
        const auto then = guard != nullptr ? (*guard)["then"].value<std::string>() : std::nullopt;
        if (!when || then != "local") {
            return refuse_at(*guards->get(i), origin, "a guard needs `when` and then = \"local\"",
                             "Guards can only keep a task on the device.");
        }
        if (auto read = read_condition(*guards->get(i), origin, *when, all); !read) {
            return tl::unexpected(read.error());
        }
    }
    if (all.size() > FR_POLICY_GUARDS_MAX) {
        return refuse_at(*guards, origin, fmt::format("{} conditions are too many", all.size()),
                         fmt::format("Use at most {}.", FR_POLICY_GUARDS_MAX));
    }
    return all;
}

}  // namespace frugal::policy
