// SPDX-License-Identifier: Apache-2.0
// caps.group_share of a policy file: devices never see it, the gateway's desk keeps to it.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "policy/author/policy_parts.hpp"
#include "policy/author/policy_table.hpp"

namespace frugal::policy {

base::Result<std::uint32_t> group_share_of(const toml::table& task, const std::string& origin) {
    const auto share = task["caps"]["group_share"];
    if (!share) {
        return 0;
    }
    const double value = share.value_or(0.0);
    const auto permille = std::lround(std::clamp(value, 0.0, 2.0) * 1000);
    if (permille < 1 || permille > 1000) {
        return refuse_at(*share.node(), origin,
                         fmt::format("group_share = {} is no share of 0.001 to 1", value),
                         "Write 0.25 for a quarter of the group's decisions, or leave it out.");
    }
    return static_cast<std::uint32_t>(permille);
}

base::Result<std::uint32_t> read_group_share(std::string_view text, const std::string& origin,
                                             const std::string& task_name) {
    const auto file = parse_policy(text, origin);
    if (!file) {
        return tl::unexpected(file.error());
    }
    const toml::table* task = (*file)["task"][task_name].as_table();
    return task == nullptr ? 0 : group_share_of(*task, origin);
}

}  // namespace frugal::policy
