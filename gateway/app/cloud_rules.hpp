// SPDX-License-Identifier: Apache-2.0
// What the configuration's section [cloud] says of the third tier: the server's address and which
// tasks may be asked of which of its models. Pure function, any thread; part of every check of a
// configuration, and of the daemon's start.
#pragma once

#include "app/config.hpp"
#include "core/offload/cloud_config.hpp"

namespace frugal::app {

/// kInvalidInput if cloud.url is no server's address, or cloud.tasks is not "TASK MODEL BELOW, ..."
/// or has no cloud.url to ask.
base::Result<core::CloudConfig> cloud_config(const Config& config);

}  // namespace frugal::app
