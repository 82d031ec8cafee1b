// SPDX-License-Identifier: Apache-2.0
// `frugalctl policy replay` and `policy check`: work on files, need no daemon. Read files and
// print; everything else is gateway/policy.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/command.hpp"
#include "policy/replay/rule.hpp"

namespace frugal::cli {

struct ReplayCommand {
    std::string trace;
    std::string extra;                  ///< empty: none
    std::vector<std::string> canaries;  ///< with a phase column, or one for each phase
    policy::ReplayOptions options;
};

/// Hangs `replay` and `check` under `frugalctl policy`.
void add_offline_policy_commands(CLI::App& policy, Context& context);

base::Result<int> replay_policy(const Context& context, const ReplayCommand& command);

base::Result<int> check_policy(const Context& context, const std::string& path);

}  // namespace frugal::cli
