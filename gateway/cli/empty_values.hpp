// SPDX-License-Identifier: Apache-2.0
// An option that is given an empty value, as a script does whose variable is not set: most options
// choose something when they are there and everything when they are not, so that an empty one would
// reach further than what was meant. Main thread, before the command line is parsed.
#pragma once

#include <CLI/App.hpp>

namespace frugal::cli {

/// Makes every option and argument of the command and of all below it refuse an empty value, but
/// for texts that only people read.
void refuse_empty_values(CLI::App& root);

}  // namespace frugal::cli
