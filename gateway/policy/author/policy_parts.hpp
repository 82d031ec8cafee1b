// SPDX-License-Identifier: Apache-2.0
// Private to this folder: the parts that the reader of a policy file is made of, one .cpp file
// each. Pure functions, any thread; every error names file, line and column.
#pragma once

#include <string>
#include <string_view>
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
                                      const std::string& cause);

/// The same for a place inside a node.
tl::unexpected<base::Error> refuse_at(const toml::source_position& place, const std::string& origin,
                                      const std::string& what, const std::string& remedy,
                                      const std::string& cause);

/// That the file holds only keys that exist, each of its type.
base::Result<void> check_all_keys(const toml::table& file, const std::string& origin);

/// That the numbers which devices never see are finite and within their ranges: those of the file,
/// of the task and of its models.
base::Result<void> check_numbers(const toml::table& file, const toml::table& task,
                                 const std::string& origin);
/// Those of one model.
base::Result<void> check_model_numbers(const toml::table& model, const std::string& origin);

/// The file's table of this task. kInvalidInput if it has none.
base::Result<const toml::table*> find_task(const toml::table& file, const std::string& origin,
                                           const std::string& name);

/// All [[guard]]s; every alternative of a condition is a guard of its own.
base::Result<std::vector<fr_guard_spec_t>> read_guards(const toml::table& file,
                                                       const std::string& origin);

/// Whether a guard against a number is true of its field's value; false against another field: that
/// is not told by one value.
bool guard_holds(const fr_guard_spec_t& guard, std::int64_t value);

/// The mode that the task's `learn` names; it is off if there is none.
base::Result<LearnTerms> read_learn_mode(const toml::table& task, const std::string& origin);

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
