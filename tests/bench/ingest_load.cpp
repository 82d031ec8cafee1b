// SPDX-License-Identifier: Apache-2.0
// ingest_load: how many decisions a second a running gateway commits and acks, beside what the same
// broker carries to a subscriber that only acks. Publishers over mutual TLS, turns of a few seconds
// alternating between the two; in the subscriber's turns the gateway is stopped (SIGSTOP), so that
// both have the machine to themselves. With --hold the devices connect, say hello and wait for the
// end of standard input: for measuring memory. scripts/bench drives it.
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "bench/ingest/bare_turn.hpp"
#include "bench/ingest/load_fleet.hpp"
#include "bench/ingest/process_meter.hpp"

namespace frugal::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kGateway = 0;
constexpr std::size_t kNull = 1;

struct Arguments {
    LoadSite site;
    std::string database;
    int broker_pid = 0;
    double seconds = 1.5;
    bool is_hold = false;
    bool is_json = false;
};

/// What one kind of subscriber reached in all its turns.
struct Turns {
    std::vector<double> rates;
    double seconds = 0;
    LoadCounters load;
    ProcessUse gateway;
    ProcessUse broker;
    std::uint64_t grown_bytes = 0;

    double decisions() const { return std::max(1.0, static_cast<double>(load.acked)); }
    double rate() const { return seconds > 0 ? static_cast<double>(load.acked) / seconds : 0; }
};

class IngestBench {
public:
    IngestBench(const Arguments& arguments, LoadFleet& fleet)
        : arguments_(arguments), fleet_(fleet) {}

    swarm::Result<void> run() {
        for (int round = 0; round < arguments_.site.rounds; ++round) {
            auto done = take_turn(kGateway);
            if (done) {
                done = take_null_turn();
            }
            if (!done) {
                return done;
            }
        }
        return {};
    }

    void print() const {
        const auto& real = turns_[kGateway];
        const auto& null = turns_[kNull];
        if (arguments_.is_json) {
            print_json(real, null);
            return;
        }
        fmt::print("{} devices over mutual TLS, batches of {}, window {}, QoS 0\n", fleet_.size(),
                   LoadDevice::kBatch, 64);
        fmt::print("                      gateway  null subscriber\n");
        fmt::print("decisions/s         {:9.0f}  {:15.0f}   ratio {:.3f}\n", real.rate(),
                   null.rate(), ratio());
        fmt::print("broker CPU us each  {:9.2f}  {:15.2f}\n", real.broker.cpu_us / real.decisions(),
                   null.broker.cpu_us / null.decisions());
        fmt::print("gateway CPU us each {:9.2f}\n", real.gateway.cpu_us / real.decisions());
        fmt::print("written bytes each  {:9.1f}   database grew by {:.1f}\n",
                   static_cast<double>(real.gateway.written_bytes) / real.decisions(),
                   static_cast<double>(real.grown_bytes) / real.decisions());
        fmt::print("payload bytes each  {:9.2f}\n", payload_bytes());
    }

private:
    swarm::Result<void> take_turn(std::size_t phase) {
        if (phase == kGateway) {
            if (const auto greeted = fleet_.greet(phase, 30s); !greeted) {
                return greeted;
            }
        }
        auto& turns = turns_[phase];
        ProcessUse gateway;
        ProcessUse broker;
        std::uint64_t size = 0;
        std::chrono::steady_clock::time_point start;
        const auto begin = [&] {
            start = std::chrono::steady_clock::now();
            gateway = use_of(arguments_.site.gateway_pid);
            broker = use_of(arguments_.broker_pid);
            size = database_bytes(arguments_.database);
        };
        double seconds = 0;
        const auto end = [&] {
            seconds =
                std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
            turns.gateway += use_of(arguments_.site.gateway_pid) - gateway;
            turns.broker += use_of(arguments_.broker_pid) - broker;
            turns.grown_bytes += std::max(database_bytes(arguments_.database), size) - size;
        };
        const auto span = swarm::Milliseconds(static_cast<int>(arguments_.seconds * 1000));
        const auto load = fleet_.run(phase, 700ms, span, begin, end);
        turns.seconds += seconds;
        turns.rates.push_back(static_cast<double>(load.acked) / seconds);
        turns.load.acked += load.acked;
        turns.load.acks += load.acks;
        turns.load.messages += load.messages;
        turns.load.payload_bytes += load.payload_bytes;
        turns.load.repeats += load.repeats;
        turns.load.disconnects += load.disconnects;
        return fleet_.drain(20s);
    }

    swarm::Result<void> take_null_turn() {
        const auto turn = BareTurn::begin(arguments_.site);
        return turn ? take_turn(kNull) : tl::unexpected(turn.error());
    }

    double ratio() const { return turns_[kGateway].rate() / std::max(1.0, turns_[kNull].rate()); }
    double payload_bytes() const {
        const auto& load = turns_[kGateway].load;
        return static_cast<double>(load.payload_bytes) /
               std::max(1.0, static_cast<double>(load.messages) * LoadDevice::kBatch);
    }

    void print_json(const Turns& real, const Turns& null) const {
        fmt::print(
            "{{\"devices\": {}, \"batch\": {}, \"seconds\": {:.1f}, \"decisions_per_s\": {:.0f}, "
            "\"null_decisions_per_s\": {:.0f}, \"ratio\": {:.4f}, "
            "\"gateway_cpu_us_per_decision\": {:.3f}, \"broker_cpu_us_per_decision\": {:.3f}, "
            "\"null_broker_cpu_us_per_decision\": {:.3f}, "
            "\"written_bytes_per_decision\": {:.1f}, \"database_bytes_per_decision\": {:.1f}, "
            "\"payload_bytes_per_decision\": {:.3f}, \"decisions\": {}, \"acks\": {}, "
            "\"null_acks\": {}, \"repeats\": {}, \"null_repeats\": {}, \"disconnects\": {}, "
            "\"rates\": [{:.0f}], \"null_rates\": [{:.0f}]}}\n",
            fleet_.size(), LoadDevice::kBatch, real.seconds, real.rate(), null.rate(), ratio(),
            real.gateway.cpu_us / real.decisions(), real.broker.cpu_us / real.decisions(),
            null.broker.cpu_us / null.decisions(),
            static_cast<double>(real.gateway.written_bytes) / real.decisions(),
            static_cast<double>(real.grown_bytes) / real.decisions(), payload_bytes(),
            real.load.acked, real.load.acks, null.load.acks, real.load.repeats, null.load.repeats,
            real.load.disconnects + null.load.disconnects, fmt::join(real.rates, ", "),
            fmt::join(null.rates, ", "));
    }

    const Arguments& arguments_;
    LoadFleet& fleet_;
    std::array<Turns, LoadDevice::kStreams> turns_;
};

bool has_input_ended() {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    char byte = 0;
    return ::poll(&input, 1, 0) > 0 && ::read(STDIN_FILENO, &byte, 1) <= 0;
}

swarm::Result<void> measure(const Arguments& arguments) {
    auto fleet = LoadFleet::create(arguments.site.fleet);
    if (!fleet) {
        return tl::unexpected(fleet.error());
    }
    const auto start = std::chrono::steady_clock::now();
    if (const auto connected = (*fleet)->connect(90s); !connected) {
        return connected;
    }
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    if (arguments.is_hold) {
        if (const auto greeted = (*fleet)->greet(kGateway, 60s); !greeted) {
            return greeted;
        }
        fmt::print("{{\"connected\": {}, \"connect_seconds\": {:.2f}}}\n", (*fleet)->connected(),
                   spent.count());
        std::fflush(stdout);
        (*fleet)->hold(has_input_ended);
    } else {
        IngestBench bench(arguments, **fleet);
        if (const auto done = bench.run(); !done) {
            return done;
        }
        bench.print();
    }
    (*fleet)->close();
    return {};
}

}  // namespace
}  // namespace frugal::bench

int main(int argc, char** argv) {
    frugal::bench::Arguments arguments;
    arguments.site.rounds = 6;
    CLI::App app{"Decisions a second of a running gateway, beside a subscriber that only acks."};
    add_options(app, arguments.site);
    app.add_option("--database", arguments.database, "the gateway's database file");
    app.add_option("--broker-pid", arguments.broker_pid, "process to measure");
    app.add_option("--seconds", arguments.seconds, "length of a turn")
        ->check(CLI::Range(0.1, 60.0));
    app.add_flag("--hold", arguments.is_hold, "connect, say hello, wait for the end of input");
    app.add_flag("--json", arguments.is_json, "one JSON line");
    CLI11_PARSE(app, argc, argv);
    if (!arguments.is_hold && (arguments.site.gateway_pid == 0 || arguments.site.socket.empty())) {
        fmt::print(stderr, "ingest_load: give --gateway-pid and --socket, or --hold\n");
        return 2;
    }
    ::signal(SIGPIPE, SIG_IGN);
    const auto done = frugal::bench::measure(arguments);
    if (!done) {
        fmt::print(stderr, "ingest_load: {}\n", done.error().describe());
        return 1;
    }
    return 0;
}
