// SPDX-License-Identifier: Apache-2.0
// What a command line lacks or has wrong, told like every other error: where, what and the remedy.
#pragma once

#include <string>

#include <CLI/App.hpp>

#include "base/error.hpp"

namespace frugal::cli {

/// @param root after a parse that failed @param text what the parser says of it
base::Error usage_error(const CLI::App& root, const std::string& text);

}  // namespace frugal::cli
