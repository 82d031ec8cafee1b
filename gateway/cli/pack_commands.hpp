// SPDX-License-Identifier: Apache-2.0
// `frugalctl model pack` and `model unpack`: files in, files out, no daemon.
#pragma once

#include <string>

#include "base/result.hpp"
#include "cli/command.hpp"

namespace frugal::cli {

struct PackArguments {
    std::string file;
    std::string out;
    std::string base;  ///< path; empty for a full encoding
    int profile = -1;  ///< -1: the smallest
    bool is_strip = false;
};

base::Result<int> pack_model(const Context& context, const PackArguments& arguments);
base::Result<int> unpack_model(const Context& context, const PackArguments& arguments);

}  // namespace frugal::cli
