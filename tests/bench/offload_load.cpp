// SPDX-License-Identifier: Apache-2.0
// offload_load: how long an escalation takes from a device to the gateway's verdict, beside the
// bare round trip: the same bytes through the same broker to a subscriber that answers at once.
// Turns alternate; in the subscriber's turns the gateway is stopped (SIGSTOP). scripts/bench drives
// it.
#include <signal.h>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>

#include "bench/ingest/bare_turn.hpp"
#include "bench/ingest/load_fleet.hpp"

namespace frugal::bench {
namespace {

using namespace std::chrono_literals;

struct Arguments {
    LoadSite site;
    std::size_t questions = 200;  ///< a turn
    int gap_ms = 20;
    std::size_t input_bytes = 784;
};

double quantile(std::vector<double> values, double part) {
    if (values.empty()) {
        return 0;
    }
    std::ranges::sort(values);
    return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

swarm::Result<LoadCounters> bare_turn(const Arguments& arguments, LoadFleet& fleet) {
    const auto turn = BareTurn::begin(arguments.site);
    if (!turn) {
        return tl::unexpected(turn.error());
    }
    auto counters = fleet.ask(arguments.questions, swarm::Milliseconds{arguments.gap_ms}, 1,
                              arguments.input_bytes);
    if (counters.answered == 0) {
        return swarm::fail("the bare subscriber did not answer at " + arguments.site.socket);
    }
    return counters;
}

swarm::Result<void> measure(const Arguments& arguments) {
    auto fleet = LoadFleet::create(arguments.site.fleet);
    if (!fleet) {
        return tl::unexpected(fleet.error());
    }
    if (auto connected = (*fleet)->connect(90s); !connected) {
        return connected;
    }
    std::vector<double> real;
    std::vector<double> bare;
    std::uint64_t turned_away = 0;
    for (int round = 0; round < arguments.site.rounds; ++round) {
        // The gateway's session was taken over: it is back when it answers a hello.
        if (auto greeted = (*fleet)->greet(0, 30s); !greeted) {
            return greeted;
        }
        const auto counters = (*fleet)->ask(
            arguments.questions, swarm::Milliseconds{arguments.gap_ms}, 1, arguments.input_bytes);
        turned_away += counters.turned_away;
        real.insert(real.end(), counters.trips_us.begin(), counters.trips_us.end());
        auto other = bare_turn(arguments, **fleet);
        if (!other) {
            return tl::unexpected(other.error());
        }
        bare.insert(bare.end(), other->trips_us.begin(), other->trips_us.end());
    }
    fmt::print(
        "{{\"questions\": {}, \"answered\": {}, \"turned_away\": {}, \"p50_us\": {:.1f}, "
        "\"p99_us\": {:.1f}, \"bare_p50_us\": {:.1f}, \"bare_p99_us\": {:.1f}}}\n",
        arguments.questions * static_cast<std::size_t>(arguments.site.rounds), real.size(),
        turned_away, quantile(real, 0.5), quantile(real, 0.99), quantile(bare, 0.5),
        quantile(bare, 0.99));
    (*fleet)->close();
    return {};
}

}  // namespace
}  // namespace frugal::bench

int main(int argc, char** argv) {
    frugal::bench::Arguments arguments;
    CLI::App app{"The round trip of an escalation, beside the bare one."};
    add_options(app, arguments.site);
    app.get_option("--socket")->required();
    app.get_option("--gateway-pid")->required();
    app.add_option("--questions", arguments.questions, "escalations a turn");
    app.add_option("--gap-ms", arguments.gap_ms, "between two")->check(CLI::Range(1, 1000));
    app.add_option("--input-bytes", arguments.input_bytes, "of an escalation");
    CLI11_PARSE(app, argc, argv);
    ::signal(SIGPIPE, SIG_IGN);
    const auto done = frugal::bench::measure(arguments);
    if (!done) {
        fmt::print(stderr, "offload_load: {}\n", done.error().describe());
        return 1;
    }
    return 0;
}
