// SPDX-License-Identifier: Apache-2.0
// The running site that a load program measures, as its command line names it. A plain value.
#pragma once

#include <string>

#include "bench/ingest/load_fleet.hpp"

namespace CLI {
class App;
}

namespace frugal::bench {

struct LoadSite {
    FleetOptions fleet;
    std::string socket;   ///< the gateway's Unix socket at the broker
    int gateway_pid = 0;  ///< stopped while another sits in its place
    int rounds = 4;       ///< turns of each
};

/// Names every member on the command line; `site` outlives the parsing.
void add_options(CLI::App& app, LoadSite& site);

}  // namespace frugal::bench
