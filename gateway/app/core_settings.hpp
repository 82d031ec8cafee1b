// SPDX-License-Identifier: Apache-2.0
// What the configuration means to the parts that the gateway joins. Pure functions, any thread.
#pragma once

#include "app/config.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/config.hpp"
#include "net/mqtt_link.hpp"
#include "storage/database.hpp"

namespace frugal::app {

/// The core's limits. The configuration has been checked: budgets and cloud are readable.
core::CoreConfig core_settings(const Config& config);

storage::DatabaseOptions database_settings(const Config& config);

/// Session and address of the broker. kInvalidInput for a port that is none.
base::Result<net::MqttSettings> mqtt_settings(const Config& config, const base::SiteId& site);

}  // namespace frugal::app
