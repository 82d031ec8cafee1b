// SPDX-License-Identifier: Apache-2.0
// caps.group_share of a policy file: devices never see it, the gateway's desk keeps to it.
#include <cmath>

#include <fmt/format.h>

#include "policy/author/policy_parts.hpp"
#include "policy/author/policy_table.hpp"

namespace frugal::policy {

namespace {

constexpr double kLeastShare = 0.001;
constexpr double kLeastRounding = 1e-9;

}  // namespace

base::Result<std::uint32_t> group_share_of(const toml::table& task, const std::string& origin) {
    const auto share = task["caps"]["group_share"];
    if (!share) {
        return 0;
    }
    const double value = share.value_or(0.0);
    if (!(value >= kLeastShare && value <= 1)) {  // false of what is not a number
        return refuse_at(*share.node(), origin,
                         fmt::format("group_share = {} is not between 0.001 and 1", value),
                         "Write 0.25 for a quarter of the group's decisions, or leave it out.",
                         "the gateway counts a group's share in thousandths");
    }
    // Down, for a share is never to be exceeded; 0.29 x 1000 must come back as 290.
    return static_cast<std::uint32_t>(std::floor(value * 1000 + kLeastRounding));
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
