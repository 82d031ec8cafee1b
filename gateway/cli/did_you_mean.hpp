// SPDX-License-Identifier: Apache-2.0
// A misspelt noun, verb or option, told with the nearest one there is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "base/error.hpp"

namespace frugal::cli {

/// The first word that stands where a noun or verb must and is none; absent if all are known.
std::optional<base::Error> unknown_command(const CLI::App& root,
                                           const std::vector<std::string>& words);

/// The first word that begins like a long option and is none of the command named before it, nor of
/// the levels above; absent if all are known.
std::optional<base::Error> unknown_option(const CLI::App& root,
                                          const std::vector<std::string>& words);

}  // namespace frugal::cli
