// SPDX-License-Identifier: Apache-2.0
// `frugalctl model fit MODEL@RELEASE`: which variant every device would get, and why not the
// others. Asks the daemon; changes nothing.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "cli/command.hpp"

namespace frugal::cli {

void add_fit_command(CLI::App& noun, Context& context);

}  // namespace frugal::cli
