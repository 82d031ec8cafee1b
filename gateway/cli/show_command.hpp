// SPDX-License-Identifier: Apache-2.0
// `frugalctl model show MODEL@RELEASE`: sizes stage by stage, and provenance. Asks the daemon;
// changes nothing.
#pragma once

#include "cli/command.hpp"

namespace frugal::cli {

void add_show_command(CLI::App& model, Context& context);

}  // namespace frugal::cli
