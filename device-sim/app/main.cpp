// SPDX-License-Identifier: Apache-2.0
// frugal-swarm: the command line of the swarm. Three commands: run a fleet, verify a ledger against
// the gateway's database, name the devices a fleet would have.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "device-sim/app/run_command.hpp"
#include "device-sim/app/verify_command.hpp"

int main(int argc, char** argv) {
    CLI::App app("A fleet of simulated devices for Frugal");
    app.require_subcommand(1);
    int status = 0;
    frugal::swarm::add_run_command(app, status);
    frugal::swarm::add_names_command(app, status);
    frugal::swarm::add_verify_command(app, status);
    CLI11_PARSE(app, argc, argv);
    return status;
}
