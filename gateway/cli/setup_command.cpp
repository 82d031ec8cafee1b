// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/site_setup.hpp"
#include "cli/command.hpp"
#include "cli/output.hpp"

namespace frugal::cli {

namespace {

base::Result<int> run_setup(const Context& context, const app::SiteChoices& choices) {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    const auto made = app::make_site(choices, base::WallTime{now.count()});
    if (!made) {
        return tl::unexpected(made.error());
    }
    if (context.json) {
        print_json("setup", {{"config", made->config.string()},
                             {"broker_config", made->broker_config.string()},
                             {"start_url", made->start_url}});
        return kExitDone;
    }
    fmt::print("Site \"{}\" made in {}\n\n", choices.name, choices.directory.string());
    fmt::print("Broker   mosquitto -c {}\n", made->broker_config.string());
    fmt::print("Gateway  frugald --config {}\n", made->config.string());
    fmt::print("Page     {}   (opens once, within 15 minutes of the gateway's start)\n",
               made->start_url);
    say("\nNext: start broker and gateway, then: frugalctl --site " + choices.directory.string() +
        " device add NAME");
    return kExitDone;
}

}  // namespace

void add_setup_command(CLI::App& root, Context& context) {
    auto* command =
        root.add_subcommand("setup", "make a new site: keys, certificates, configuration");
    auto choices = std::make_shared<app::SiteChoices>();
    command->add_option("--dir", choices->directory, "directory of the site, as --site");
    command->add_option("--name", choices->name, "site name, a level of every topic")
        ->capture_default_str();
    command->add_option("--mqtt-address", choices->mqtt_address, "address devices connect to")
        ->capture_default_str();
    command->add_option("--mqtt-port", choices->mqtt_port, "port devices connect to")
        ->capture_default_str();
    command->add_option("--mqtt-socket", choices->mqtt_socket, "Unix socket of the gateway's leg");
    command->add_option("--http-listen", choices->http_listen, "address:port of the REST interface")
        ->capture_default_str();
    command->add_option("--http-socket", choices->http_socket, "Unix socket of the REST interface");
    command->add_option("--broker-user", choices->broker_user, "user the broker runs as");
    command->add_option("--host", choices->names, "further names of this machine");
    command->add_flag("!--no-broker-signal", choices->signals_broker,
                      "something else reloads the broker (systemd)");
    on_command(*command, context, [&context, choices] {
        if (choices->directory.empty()) {
            choices->directory = context.site;
        }
        return run_setup(context, *choices);
    });
}

}  // namespace frugal::cli
