// SPDX-License-Identifier: Apache-2.0
#include "bench/ingest/load_site.hpp"

#include <CLI/CLI.hpp>

namespace frugal::bench {

void add_options(CLI::App& app, LoadSite& site) {
    auto& fleet = site.fleet;
    app.add_option("--site", fleet.site, "site id")->required();
    app.add_option("--broker", fleet.broker, "where devices connect, HOST:PORT")->required();
    app.add_option("--ca", fleet.ca, "PEM of the site's CA")->required();
    app.add_option("--est", fleet.est, "enrolment server, https://HOST:PORT")->required();
    app.add_option("--claims", fleet.claims, "claim codes, lines 'device,code'")->required();
    app.add_option("--state", fleet.state, "directory of the devices' certificates")->required();
    app.add_option("--devices", fleet.devices, "devices that publish or ask");
    app.add_option("--socket", site.socket, "the gateway's Unix socket at the broker");
    app.add_option("--gateway-pid", site.gateway_pid, "process to measure and to stop")
        ->check(CLI::Range(2, 1 << 22));
    app.add_option("--rounds", site.rounds, "turns of each")->check(CLI::Range(1, 20));
}

}  // namespace frugal::bench
