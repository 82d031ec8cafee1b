// SPDX-License-Identifier: Apache-2.0
// Private to this folder: a policy file parsed once, for what reads its table more than once.
#pragma once

#include <string>
#include <string_view>

#include <toml++/toml.h>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "policy/author/policy_file.hpp"

namespace frugal::policy {

/// kInvalidInput with line and column for what is no TOML.
base::Result<toml::table> parse_policy(std::string_view text, const std::string& origin);

/// compile_policy() of a file already parsed.
base::Result<base::Bytes> compile_table(const toml::table& file, const std::string& origin,
                                        const PolicyTarget& target);

/// caps.group_share in thousandths, 0 if there is none. kInvalidInput with line and column for what
/// is not.
base::Result<std::uint32_t> group_share_of(const toml::table& task, const std::string& origin);

}  // namespace frugal::policy
