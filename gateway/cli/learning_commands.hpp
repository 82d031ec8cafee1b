// SPDX-License-Identifier: Apache-2.0
// frugalctl policy learned and policy simulate. Called by main while it composes the commands.
#pragma once

#include "cli/command.hpp"

namespace frugal::cli {

void add_learning_commands(CLI::App& policy, Context& context);

}  // namespace frugal::cli
