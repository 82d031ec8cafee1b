// SPDX-License-Identifier: Apache-2.0
// `frugalctl model inspect`: what a .tflite or a Bonsai container holds, what its weights weigh,
// and which classes of devices it fits; of a release bundle, what is in it and whether it verifies.
// Needs no daemon.
#pragma once

#include <string>

#include "base/result.hpp"
#include "cli/command.hpp"

namespace frugal::cli {

/// `public_key`: a PEM file a bundle must verify with; empty: none.
base::Result<int> inspect_model(const Context& context, const std::string& path,
                                const std::string& public_key);

}  // namespace frugal::cli
