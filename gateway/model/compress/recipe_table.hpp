// SPDX-License-Identifier: Apache-2.0
// Strict reading of one TOML table: every key is asked for by name with its type and range, and
// finish() refuses keys nobody asked for. Inside this folder only; one thread.
#pragma once

#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <toml++/toml.h>

#include "base/result.hpp"

namespace frugal::model {

struct NumberRange {
    double least = 0;
    double most = 0;
};

class RecipeTable {
public:
    RecipeTable(const toml::table& table, const std::string& origin, std::string where)
        : table_(table), origin_(origin), where_(std::move(where)) {}

    /// Each overwrites `value` if the key is there; the first fault is kept for finish().
    void number(std::string_view key, double& value, NumberRange range);
    void number(std::string_view key, std::optional<double>& value, NumberRange range);
    void whole(std::string_view key, int& value, NumberRange range);
    void text(std::string_view key, std::string& value);
    void choice(std::string_view key, std::string& value,
                std::initializer_list<std::string_view> choices);

    /// The key as a node for others to read, or nullptr.
    const toml::node* node(std::string_view key);

    /// The first fault, or the first key that was not asked for.
    base::Result<void> finish() const;

    /// A fault at a node: "FILE:LINE:COLUMN: message".
    static base::Error fault(const std::string& origin, const toml::node& node,
                             const std::string& message, const std::string& remedy);

private:
    void refuse(const toml::node& node, const std::string& message, const std::string& remedy);

    const toml::table& table_;
    const std::string& origin_;
    std::string where_;
    std::set<std::string, std::less<>> known_;
    std::optional<base::Error> fault_;
};

}  // namespace frugal::model
