// SPDX-License-Identifier: Apache-2.0
// `frugalctl model inspect`: what a .tflite or a Bonsai container holds, what its weights weigh,
// and which classes of devices it fits. Needs no daemon.
#pragma once

#include <string>

#include "base/result.hpp"
#include "cli/command.hpp"

namespace frugal::cli {

base::Result<int> inspect_model(const Context& context, const std::string& path);

}  // namespace frugal::cli
