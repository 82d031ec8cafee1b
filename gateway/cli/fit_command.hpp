// SPDX-License-Identifier: Apache-2.0
// `frugalctl model fit MODEL@RELEASE` or `--task TASK`: which variant every device would get, and
// why not the others. Asks the daemon; changes nothing.
#pragma once

#include <string>

#include <CLI/CLI.hpp>
#include <boost/json/value.hpp>

#include "base/result.hpp"
#include "cli/command.hpp"

namespace frugal::cli {

/// "MODEL@NUMBER" of the release of this task with the highest counter, in an answer of GET
/// /api/v1/models. kNotFound if it has none.
base::Result<std::string> newest_release(const boost::json::value& models, std::uint32_t task);

void add_fit_command(CLI::App& noun, Context& context);

}  // namespace frugal::cli
