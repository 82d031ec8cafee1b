// SPDX-License-Identifier: Apache-2.0
// `frugalctl model export`: writes a model as C for a firmware build. Needs no daemon.
#pragma once

#include "cli/command.hpp"

namespace frugal::cli {

/// Adds `export` below `model`. It writes NAME.c and NAME.h beside it; existing files are replaced.
void add_export_command(CLI::App& noun, Context& context);

}  // namespace frugal::cli
