// SPDX-License-Identifier: Apache-2.0
// The third tier from the configuration's section [cloud]: which tasks may be asked of which model
// beyond the site, and the client that does it. Pure reading but for the token's file; used once,
// at start.
#pragma once

#include <memory>

#include "app/config.hpp"
#include "core/offload/cloud_config.hpp"
#include "net/inference_client.hpp"

namespace frugal::app {

/// kInvalidInput if cloud.tasks is not "TASK MODEL BELOW, ..." or has no cloud.url to ask.
base::Result<core::CloudConfig> cloud_config(const Config& config);

/// Null without cloud.url. kInvalidInput, kNotFound for its files.
base::Result<std::unique_ptr<net::InferenceClient>> open_cloud(boost::asio::io_context& loop,
                                                               const Config& config);

}  // namespace frugal::app
