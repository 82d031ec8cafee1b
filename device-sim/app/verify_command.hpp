// SPDX-License-Identifier: Apache-2.0
// `frugal-swarm verify`. Used by main only.
#pragma once

namespace CLI {
class App;
}

namespace frugal::swarm {

/// @param status receives the exit status: 0 clean, 1 a promise was broken, 2 an error
void add_verify_command(CLI::App& app, int& status);

}  // namespace frugal::swarm
