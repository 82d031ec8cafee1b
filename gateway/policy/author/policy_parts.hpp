// SPDX-License-Identifier: Apache-2.0
// Private to this folder: the parts that the reader of a policy file is made of, one .cpp file
// each. Pure functions, any thread; every error names file, line and column.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <toml++/toml.h>

#include "base/result.hpp"
#include "frugal/policy.h"
#include "policy/author/gain_bounds.hpp"
#include "policy/author/policy_file.hpp"

namespace frugal::policy {

/// kInvalidInput at the place of the node.
tl::unexpected<base::Error> refuse_at(const toml::node& node, const std::string& origin,
                                      const std::string& what, const std::string& remedy,
                                      const std::string& cause = {});

/// "800ms" with the units it may have and what each is worth; absent for anything else.
std::optional<double> number_with_unit(
    const std::string& text, std::initializer_list<std::pair<std::string_view, double>> units);

/// That the file and this task of it hold only keys that exist, each of its type.
base::Result<void> check_all_keys(const toml::table& file, const toml::table& task,
                                  const std::string& origin);

/// All [[guard]]s; every alternative of a condition is a guard of its own.
base::Result<std::vector<fr_guard_spec_t>> read_guards(const toml::table& file,
                                                       const std::string& origin);

/// What the file says of a task's classes, and of its gains as a whole.
struct ClassRules {
    std::vector<std::uint8_t> groups{};  ///< or pin, by class; empty: all in group 0
    bool has_pins = false;
    std::uint8_t group_count = 1;
    GroupBounds bounds{};
};

/// `classes` and `bounds` of the task. Classes with the same bounds share a group.
base::Result<ClassRules> read_classes(const toml::table& task, const std::string& origin,
                                      const std::vector<std::string>& labels);

/// The same by class.
OwnerBounds owner_bounds(const ClassRules& rules);

/// The task's [[model]] with this digest; null if it has none.
const toml::table* find_model(const toml::table& task, const base::Digest& digest);

/// The gain table as authored or, of a fixed threshold, as it follows.
base::Result<TableBytes> read_gain(const toml::table& task, const std::string& origin,
                                   const PolicyTarget& target);

}  // namespace frugal::policy
