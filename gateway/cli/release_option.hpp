// SPDX-License-Identifier: Apache-2.0
// A release as a person names it on the command line: MODEL@NUMBER. Pure.
#pragma once

#include <string>

#include "base/release_name.hpp"
#include "base/result.hpp"

namespace frugal::cli {

/// kInvalidInput, with what to write instead.
base::Result<base::ReleaseName> read_release(const std::string& text);

}  // namespace frugal::cli
