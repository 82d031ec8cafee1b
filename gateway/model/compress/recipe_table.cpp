// SPDX-License-Identifier: Apache-2.0
#include "model/compress/recipe_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace frugal::model {

base::Error RecipeTable::fault(const std::string& origin, const toml::node& node,
                               const std::string& message, const std::string& remedy) {
    const auto begin = node.source().begin;
    return {base::ErrorKind::kInvalidInput,
            fmt::format("{}:{}:{}: {}", origin, begin.line, begin.column, message),
            {},
            remedy};
}

void RecipeTable::refuse(const toml::node& node, const std::string& message,
                         const std::string& remedy) {
    if (!fault_) {
        fault_ = fault(origin_, node, message, remedy);
    }
}

const toml::node* RecipeTable::node(std::string_view key) {
    known_.emplace(key);
    return table_.get(key);
}

void RecipeTable::number(std::string_view key, double& value, NumberRange range) {
    const toml::node* found = node(key);
    if (found == nullptr) {
        return;
    }
    const auto number = found->value<double>();
    if (!found->is_number() || !number || !std::isfinite(*number)) {
        refuse(*found, fmt::format("{} must be a number", key), "Write digits without quotes.");
    } else if (*number < range.least || *number > range.most) {
        refuse(*found, fmt::format("{} = {} is out of range", key, *number),
               fmt::format("Use {} to {}.", range.least, range.most));
    } else {
        value = *number;
    }
}

void RecipeTable::number(std::string_view key, std::optional<double>& value, NumberRange range) {
    if (table_.contains(key)) {
        double one = range.least;
        number(key, one, range);
        value = one;
    } else {
        known_.emplace(key);
    }
}

void RecipeTable::whole(std::string_view key, int& value, NumberRange range) {
    const toml::node* found = node(key);
    if (found != nullptr && !found->is_integer()) {
        refuse(*found, fmt::format("{} must be a whole number", key),
               "Write digits without quotes or a point.");
        return;
    }
    double number_value = value;
    number(key, number_value, range);
    value = static_cast<int>(number_value);
}

void RecipeTable::text(std::string_view key, std::string& value) {
    const toml::node* found = node(key);
    if (found == nullptr) {
        return;
    }
    const auto text = found->value_exact<std::string>();
    if (!text) {
        refuse(*found, fmt::format("{} must be a string", key),
               "Put the value in quotation marks.");
        return;
    }
    value = *text;
}

void RecipeTable::choice(std::string_view key, std::string& value,
                         std::initializer_list<std::string_view> choices) {
    std::string chosen = value;
    text(key, chosen);
    if (std::find(choices.begin(), choices.end(), chosen) == choices.end()) {
        refuse(*table_.get(key), fmt::format("{} = \"{}\" is not known", key, chosen),
               fmt::format("Use {}.", fmt::join(choices, ", ")));
        return;
    }
    value = chosen;
}

base::Result<void> RecipeTable::finish() const {
    if (fault_) {
        return tl::unexpected(*fault_);
    }
    for (const auto& [key, value] : table_) {
        if (known_.find(key.str()) == known_.end()) {
            return tl::unexpected(fault(origin_, value,
                                        fmt::format("{} has no key {}", where_, key.str()),
                                        fmt::format("Keys: {}.", fmt::join(known_, ", "))));
        }
    }
    return {};
}

}  // namespace frugal::model
