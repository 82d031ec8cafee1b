// SPDX-License-Identifier: Apache-2.0
// Query strings of the policy routes, read strictly: unknown keys and values out of range are
// errors that name the key. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/release_name.hpp"
#include "base/result.hpp"
#include "core/admin.hpp"
#include "wire/http_message.hpp"

namespace frugal::wire {

/// GET /api/v1/tasks/{task}/policy/versions?device=&label=: with either, also what it obeys; and
/// GET /api/v1/tasks/{task}/policy, which takes the same.
base::Result<core::ListPolicyVersions> read_list_policy_versions(const HttpRequest& request);

/// What a policy file is compiled for. Query keys `device` and `label`, at most one of them, name
/// whom it is for instead of whole device classes.
struct PolicyTargetQuery {
    std::uint32_t task = 0;
    base::ReleaseName release;
    base::Audience audience{};
};

/// PUT /api/v1/tasks/{task}/policy?release=&comment=&at_once=true|shares=5,25,100&wait_s=600
/// &shadow_s=3600, or with device= or label= and none of the steps; dry_run=true changes nothing.
struct SetPolicyQuery {
    PolicyTargetQuery target;
    std::string comment;
    std::vector<core::PolicyStep> steps;  ///< empty: at once
    bool is_dry_run = false;
};
base::Result<SetPolicyQuery> read_set_policy(const HttpRequest& request);

/// POST /api/v1/tasks/{task}/policy:compare?release=.
base::Result<PolicyTargetQuery> read_compare_policy(const HttpRequest& request);

/// GET /api/v1/tasks/{task}/policy/difference?from=&until=: versions, both needed.
struct PolicyDifferenceQuery {
    std::uint32_t task = 0;
    std::uint32_t from = 0;
    std::uint32_t until = 0;
};
base::Result<PolicyDifferenceQuery> read_policy_difference(const HttpRequest& request);

/// POST /api/v1/tasks/{task}/policy:revert?to=&comment=&device=&label=: absent `to` means the
/// version before.
struct RevertPolicyQuery {
    std::uint32_t task = 0;
    std::optional<std::uint32_t> to;
    std::string comment;
    base::Audience audience{};
};
base::Result<RevertPolicyQuery> read_revert_policy(const HttpRequest& request);

/// POST /api/v1/tasks/{task}/policy:pin?to=always-edge|always-local&comment=, or policy:clear
/// without `to`; both with device= or label=.
struct OverridePolicyQuery {
    std::uint32_t task = 0;
    base::Audience audience;
    std::string comment;
    std::string pin{};
};
base::Result<OverridePolicyQuery> read_pin_policy(const HttpRequest& request);
base::Result<OverridePolicyQuery> read_clear_policy(const HttpRequest& request);

/// Path parameters {version} and {sequence}.
base::Result<std::uint32_t> read_policy_version(const HttpRequest& request);
base::Result<std::uint64_t> read_sequence(const HttpRequest& request);

}  // namespace frugal::wire
