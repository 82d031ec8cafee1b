// SPDX-License-Identifier: Apache-2.0
// frugalctl: nouns, then verbs. Data to standard output, talk to standard error.
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/did_you_mean.hpp"
#include "cli/empty_values.hpp"
#include "cli/output.hpp"
#include "cli/usage_error.hpp"

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
    frugal::cli::refuse_empty_values(app);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (const auto unknown = frugal::cli::unknown_command(app, {argv + 1, argv + argc})) {
            frugal::cli::print_error(*unknown);
            return frugal::cli::kExitUsage;
        }
        const auto strange = frugal::cli::unknown_option(app, {argv + 1, argv + argc});
        if (strange && error.get_exit_code() != 0) {
            frugal::cli::print_error(*strange);
            return frugal::cli::kExitUsage;
        }
        if (error.get_exit_code() == 0) {
            return app.exit(error);  // help or the version
        }
        frugal::cli::print_error(frugal::cli::usage_error(app, error.what()));
        return frugal::cli::kExitUsage;
    }
    return context.chosen ? context.chosen() : frugal::cli::kExitUsage;
}

}  // namespace

// Data that could not be written were not delivered, whatever the command found.
int lost_output(const char* cause) {
    return frugal::cli::print_error({frugal::base::ErrorKind::kUnavailable,
                                     "cannot write to the standard output", cause,
                                     "Check where it goes, and the space left there."});
}

int main(int argc, char** argv) {
    std::signal(SIGXFSZ, SIG_IGN);  // a file above the limit is an error of that write
    try {
        const int code = run(argc, argv);
        return std::fflush(stdout) == 0 && std::ferror(stdout) == 0 ? code : lost_output("");
    } catch (const std::filesystem::filesystem_error& error) {
        return frugal::cli::print_error({frugal::base::ErrorKind::kUnavailable,
                                         "cannot use the file system", error.what(),
                                         "Check the names and your rights there."});
    } catch (const std::system_error& error) {
        return lost_output(error.what());
    } catch (const std::exception& error) {
        return frugal::cli::print_error({frugal::base::ErrorKind::kInternal, "the command failed",
                                         error.what(), "Report it with the command."});
    }
}
