// SPDX-License-Identifier: Apache-2.0
#include "device-sim/app/run_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <memory>

#include "device-sim/fleet/fleet.hpp"
#include "device-sim/fleet/status.hpp"

namespace frugal::swarm {
namespace {

volatile std::sig_atomic_t stop_requested = 0;

/// What the command line says; absent means "as the scenario says".
struct RunArguments {
    FleetOptions fleet;
    std::string scenario_file;
    std::string claims_file;
    std::string claim_code;
    std::optional<std::uint32_t> devices;
    std::string classes;
    std::optional<std::uint64_t> seed;
    std::optional<double> rate;
    std::optional<double> duration_s;
    std::optional<std::uint64_t> decisions;
    std::optional<std::uint32_t> confirmed_release;
    std::optional<std::uint64_t> escalations;
    std::optional<std::uint32_t> task;
    std::optional<double> drain_s;
};

int report(const Error& error) {
    fmt::print(stderr, "frugal-swarm: {}\n", error.describe());
    return 2;
}

template <typename T, typename U>
void override_with(const std::optional<T>& given, U& value) {
    if (given) {
        value = static_cast<U>(*given);
    }
}

Milliseconds from_seconds(double seconds) {
    return Milliseconds{static_cast<std::int64_t>(seconds * 1000)};
}

Result<Scenario> build_scenario(const RunArguments& arguments) {
    Scenario scenario;
    if (!arguments.scenario_file.empty()) {
        auto loaded = load_scenario(arguments.scenario_file);
        if (!loaded) {
            return loaded;
        }
        scenario = std::move(*loaded);
    }
    if (arguments.devices) {
        scenario.devices = *arguments.devices;
        scenario.classes.clear();
    }
    if (!arguments.classes.empty()) {
        auto mix = parse_class_mix(arguments.classes);
        if (!mix) {
            return tl::unexpected<Error>(mix.error());
        }
        scenario.classes = std::move(*mix);
    }
    override_with(arguments.seed, scenario.seed);
    override_with(arguments.rate, scenario.decisions_per_second);
    override_with(arguments.decisions, scenario.end.decisions_acked);
    override_with(arguments.confirmed_release, scenario.end.confirmed_release);
    override_with(arguments.escalations, scenario.end.escalations_answered);
    override_with(arguments.task, scenario.task);
    if (arguments.duration_s) {
        scenario.end.after = from_seconds(*arguments.duration_s);
    }
    if (arguments.drain_s) {
        scenario.drain_limit = from_seconds(*arguments.drain_s);
    }
    return scenario;
}

Result<ClaimCodes> build_claims(const RunArguments& arguments) {
    if (!arguments.claims_file.empty()) {
        return ClaimCodes::load(arguments.claims_file);
    }
    return ClaimCodes::common(arguments.claim_code);
}

void catch_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { stop_requested = 1; };
    sigaction(SIGTERM, &action, nullptr);
    sigaction(SIGINT, &action, nullptr);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, nullptr);
}

int run(RunArguments arguments) {
    auto scenario = build_scenario(arguments);
    auto claims = build_claims(arguments);
    if (!scenario || !claims) {
        return report(!scenario ? scenario.error() : claims.error());
    }
    arguments.fleet.claims = std::move(*claims);
    if (arguments.fleet.est_ca.empty()) {
        arguments.fleet.est_ca = arguments.fleet.broker_ca;
    }
    catch_signals();
    auto fleet = Fleet::create(std::move(arguments.fleet), std::move(*scenario));
    if (!fleet) {
        return report(fleet.error());
    }
    if (const auto enrolled = (*fleet)->enrol(stop_requested); !enrolled) {
        return report(enrolled.error());
    }
    const auto ended = (*fleet)->run(stop_requested);
    fmt::print("{}\n", status_json(**fleet));
    if (!ended) {
        return report(ended.error());
    }
    return (*fleet)->has_succeeded() ? 0 : 1;
}

void add_site_options(CLI::App& command, RunArguments& arguments) {
    FleetOptions& fleet = arguments.fleet;
    command.add_option("--site", fleet.site, "Site id")->required();
    command.add_option("--broker", fleet.broker, "Broker, HOST:PORT")->required();
    command.add_option("--ca", fleet.broker_ca, "PEM of the CA of the broker's certificate")
        ->required()
        ->check(CLI::ExistingFile);
    command.add_option("--est", fleet.est_url, "Enrolment server, https://HOST:PORT");
    command.add_option("--est-ca", fleet.est_ca,
                       "PEM that pins the enrolment server (default: --ca)");
    command.add_option("--claims", arguments.claims_file,
                       "Claim codes: lines 'device,code' or JSON");
    command.add_option("--claim-code", arguments.claim_code, "One claim code for every device");
    command
        .add_option("--release-key", fleet.release_key, "PEM of the public key that signs releases")
        ->required()
        ->check(CLI::ExistingFile);
    command.add_option("--policy-key", fleet.policy_key,
                       "PEM of the public key that signs policies (default: --release-key)");
    command
        .add_option("--state", fleet.state,
                    "Directory of certificates, keys, flash contents and the ledger")
        ->required();
    command.add_option("--data", fleet.data, "Directory of the Fashion-MNIST files")
        ->default_val(ImageSensor::kInstalledAt);
}

void add_mix_options(CLI::App& command, RunArguments& arguments) {
    command.add_option("--scenario", arguments.scenario_file, "Scenario file (TOML)");
    command.add_option("--devices", arguments.devices, "Devices, spread over the classes");
    command.add_option("--classes", arguments.classes, "Devices by class, tiny:16,m4:17,esp32:17");
    command.add_option("--seed", arguments.seed, "Seed of everything drawn by chance");
}

void add_run_options(CLI::App& command, RunArguments& arguments) {
    FleetOptions& fleet = arguments.fleet;
    command.add_option("--rate", arguments.rate, "Decisions a second of each device");
    command.add_option("--task", arguments.task, "Task id");
    command.add_option("--duration", arguments.duration_s, "End after so many seconds");
    command.add_option("--until-file", fleet.until_file, "End when this file appears");
    command.add_option("--decisions", arguments.decisions, "End after so many acknowledged");
    command.add_option("--confirmed-release", arguments.confirmed_release,
                       "End when every device confirmed this release counter");
    command.add_option("--escalations", arguments.escalations, "End after so many answered");
    command.add_option("--drain", arguments.drain_s, "Longest wait for the last acks, seconds");
    command.add_option("--handshakes", fleet.handshakes_max, "TLS handshakes at once");
    command.add_option("--status-file", fleet.status_file, "Status, replaced every second");
    command.add_flag("--jsonl", fleet.prints_status, "Status on stdout, a line a second");
    command.add_flag("!--no-resumption", fleet.resumes_sessions, "Full TLS handshakes only");
}

}  // namespace

void add_run_command(CLI::App& app, int& status) {
    auto arguments = std::make_shared<RunArguments>();
    CLI::App* command = app.add_subcommand("run", "Run a fleet until its scenario ends");
    add_site_options(*command, *arguments);
    add_mix_options(*command, *arguments);
    add_run_options(*command, *arguments);
    command->callback([arguments, &status] { status = run(*arguments); });
}

void add_names_command(CLI::App& app, int& status) {
    auto arguments = std::make_shared<RunArguments>();
    CLI::App* command = app.add_subcommand("names", "Print the device ids a fleet has, one a line");
    add_mix_options(*command, *arguments);
    command->callback([arguments, &status] {
        const auto scenario = build_scenario(*arguments);
        if (!scenario) {
            status = report(scenario.error());
            return;
        }
        for (const auto& [name, profile] : fleet_devices(*scenario)) {
            fmt::print("{}\n", name);
        }
    });
}

}  // namespace frugal::swarm
