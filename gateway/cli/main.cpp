// SPDX-License-Identifier: Apache-2.0
// frugalctl: nouns, then verbs. Data to standard output, talk to standard error.
#include <cstdlib>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/output.hpp"

namespace {

int run(int argc, char** argv) {
    frugal::cli::Context context;
    CLI::App app{"Talks to a Frugal gateway and works on model files.", "frugalctl"};
    app.require_subcommand(1);
    app.set_version_flag("--version", "frugalctl " FRUGAL_VERSION);
    app.add_option("--site", context.site, "directory of the site")
        ->envname("FRUGAL_SITE")
        ->default_str("/var/lib/frugal");
    context.site = "/var/lib/frugal";
    app.add_option("--url", context.url, "https://host:port of a gateway elsewhere")
        ->envname("FRUGAL_URL");
    app.add_option("--token", context.token, "access token for --url")->envname("FRUGAL_TOKEN");
    app.add_option("--ca", context.ca_file, "authority that signed the gateway's certificate");
    app.add_flag("--json", context.json, "one JSON document on standard output");
    app.add_option("--timeout", context.timeout_s, "seconds to wait for the gateway")
        ->check(CLI::Range(1, 86400))
        ->capture_default_str();
    app.fallthrough();

    frugal::cli::add_setup_command(app, context);
    frugal::cli::add_status_commands(app, context);
    frugal::cli::add_energy_command(app, context);
    frugal::cli::add_device_commands(app, context);
    frugal::cli::add_task_commands(app, context);
    frugal::cli::add_key_commands(app, context);
    frugal::cli::add_policy_commands(app, context);
    frugal::cli::add_model_commands(app, context);
    frugal::cli::add_rollout_commands(app, context);
    frugal::cli::add_decision_commands(app, context);
    frugal::cli::add_token_commands(app, context);
    frugal::cli::add_config_commands(app, context);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? 0 : frugal::cli::kExitUsage;
    }
    return context.chosen ? context.chosen() : frugal::cli::kExitUsage;
}

}  // namespace

int main(int argc, char** argv) {
    return run(argc, argv);
}
