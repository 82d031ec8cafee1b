// SPDX-License-Identifier: Apache-2.0
// `frugalctl model run`: works on files, needs no daemon. Pure but for reading the files and
// printing.
#pragma once

#include <string>

#include "base/result.hpp"
#include "cli/command.hpp"

namespace frugal::cli {

base::Result<int> run_model_file(const Context& context, const std::string& path,
                                 const std::string& input_path);

}  // namespace frugal::cli
