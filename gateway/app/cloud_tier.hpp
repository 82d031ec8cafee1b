// SPDX-License-Identifier: Apache-2.0
// The client that asks beyond the site, from the configuration's section [cloud]. Reads the files
// it names; used once, at start.
#pragma once

#include <memory>

#include "app/config.hpp"
#include "net/inference_client.hpp"

namespace frugal::app {

/// Null without cloud.url. kInvalidInput, kNotFound for its files.
base::Result<std::unique_ptr<net::InferenceClient>> open_cloud(boost::asio::io_context& loop,
                                                               const Config& config);

}  // namespace frugal::app
