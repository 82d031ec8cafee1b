// SPDX-License-Identifier: Apache-2.0
// `frugal-swarm run` and `frugal-swarm names`. Used by main only.
#pragma once

namespace CLI {
class App;
}

namespace frugal::swarm {

/// @param status receives the exit status: 0 fine, 1 the run failed its conditions, 2 an error
void add_run_command(CLI::App& app, int& status);
void add_names_command(CLI::App& app, int& status);

}  // namespace frugal::swarm
