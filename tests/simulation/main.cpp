// SPDX-License-Identifier: Apache-2.0
// frugal-simulation: runs seeds of the simulated site and says what it found.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "simulation/learner/learner_seeds.hpp"
#include "simulation/offload/cloud_world.hpp"
#include "simulation/offload/desk_seeds.hpp"
#include "simulation/world/world.hpp"

namespace frugal::simulation {
namespace {

struct Summary {
    std::uint64_t seeds = 0;
    std::uint64_t failed = 0;
    std::uint64_t decisions = 0;
    std::uint64_t events = 0;
    base::Duration virtual_time{0};
    std::map<std::string, std::uint64_t> marks;
    std::map<std::string, std::uint64_t> faults;
    std::uint64_t checked_twice = 0;

    void add(const Outcome& outcome) {
        ++seeds;
        failed += outcome.violations.empty() ? 0 : 1;
        decisions += outcome.decisions;
        events += outcome.events;
        virtual_time += outcome.virtual_time;
        for (const auto& [name, count] : outcome.marks) {
            marks[name] += count;
        }
        for (const auto& [name, count] : outcome.faults) {
            faults[name] += count;
        }
    }
};

void print_failure(const Outcome& outcome) {
    fmt::print("FAILED {}\n", describe(outcome.options));
    for (const auto& line : outcome.last_events) {
        fmt::print("    {}\n", line);
    }
    for (const auto& violation : outcome.violations) {
        fmt::print("  {}: {}\n", violation.invariant, violation.what);
    }
    fmt::print("  trace hash {:016x}\n  repeat: frugal-simulation --seed {}{} --trace\n",
               outcome.hash, outcome.options.seed,
               outcome.options.plant == Plant::kNone
                   ? std::string()
                   : fmt::format(" --plant {}", to_string(outcome.options.plant)));
}

std::string json_map(const std::map<std::string, std::uint64_t>& map) {
    std::string text;
    for (const auto& [name, count] : map) {
        text += fmt::format("{}\"{}\": {}", text.empty() ? "" : ", ", name, count);
    }
    return "{" + text + "}";
}

std::uint64_t sum_of(const std::map<std::string, std::uint64_t>& map) {
    std::uint64_t sum = 0;
    for (const auto& [name, count] : map) {
        sum += count;
    }
    return sum;
}

void print_summary(const Summary& summary, double wall_seconds, bool as_json) {
    const auto hours = static_cast<double>(summary.virtual_time.count()) / 3.6e9;
    const auto rate = wall_seconds > 0 ? hours / wall_seconds : 0.0;
    if (as_json) {
        fmt::print(
            "{{\"seeds\": {}, \"violations\": {}, \"faults_injected\": {}, "
            "\"simulated_hours\": {:.2f}, \"simulated_hours_per_second\": {:.3f}, "
            "\"decisions\": {}, \"events\": {}, \"checked_twice\": {}, \"faults\": {}, "
            "\"marks\": {}}}\n",
            summary.seeds, summary.failed, sum_of(summary.faults), hours, rate, summary.decisions,
            summary.events, summary.checked_twice, json_map(summary.faults),
            json_map(summary.marks));
        return;
    }
    fmt::print(
        "seeds {}  failed {}  faults {}  simulated {:.1f} h in {:.1f} s ({:.3f} h/s)  "
        "decisions {}  events {}\n",
        summary.seeds, summary.failed, sum_of(summary.faults), hours, wall_seconds, rate,
        summary.decisions, summary.events);
    for (const auto& [name, count] : summary.faults) {
        fmt::print("  fault      {:<34} {}\n", name, count);
    }
    for (const auto& [name, count] : summary.marks) {
        fmt::print("  sometimes  {:<34} {}\n", name, count);
    }
}

Options options_for(std::uint64_t seed, const std::string& plant, bool is_calm) {
    if (is_calm) {
        return calm_options(seed);
    }
    for (const auto candidate : all_plants()) {
        if (to_string(candidate) == plant) {
            return planted_options(seed, candidate);
        }
    }
    return options_of_seed(seed);
}

/// Each planted bug must be reported, by the checker of its own invariant, within a few seeds.
int run_planted(std::uint64_t seeds) {
    int missed = 0;
    for (const auto plant : all_plants()) {
        std::uint64_t seed = 1;
        bool is_caught = false;
        std::string others;
        for (; seed <= seeds && !is_caught; ++seed) {
            const auto outcome = run_world(planted_options(seed, plant), false);
            for (const auto& violation : outcome.violations) {
                is_caught = is_caught || violation.invariant == invariant_of(plant);
                others += " " + violation.invariant;
            }
        }
        fmt::print("planted {:<20} {} {}{}\n", to_string(plant),
                   is_caught
                       ? fmt::format("caught by {} with seed {}", invariant_of(plant), seed - 1)
                       : fmt::format("MISSED in {} seeds", seeds),
                   is_caught ? "" : "others:", is_caught ? "" : others);
        missed += is_caught ? 0 : 1;
    }
    return missed == 0 ? 0 : 1;
}

struct Request {
    std::string range = "1..50";
    std::vector<std::uint64_t> seeds;
    std::string seeds_file;
    std::string plant;
    bool is_calm = false;
    bool is_learner = false;
    bool is_desk = false;
    bool is_cloud = false;
    bool is_loud = false;
    bool as_json = false;
    double seconds = 0;
    std::uint64_t twice_every = 0;
};

std::vector<std::uint64_t> seeds_of(const Request& request) {
    if (!request.seeds.empty()) {
        return request.seeds;
    }
    std::vector<std::uint64_t> seeds;
    if (!request.seeds_file.empty()) {
        std::ifstream file(request.seeds_file);
        std::string line;
        while (std::getline(file, line)) {
            if (!line.empty() && line.front() != '#') {
                seeds.push_back(std::stoull(line));
            }
        }
        return seeds;
    }
    const auto dots = request.range.find("..");
    const auto first = std::stoull(request.range.substr(0, dots));
    const auto last =
        dots == std::string::npos ? first : std::stoull(request.range.substr(dots + 2));
    for (auto seed = first; seed <= last; ++seed) {
        seeds.push_back(seed);
    }
    return seeds;
}

int run_seeds(const Request& request) {
    Summary summary;
    const auto begin = std::chrono::steady_clock::now();
    const auto elapsed = [begin] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    for (const auto seed : seeds_of(request)) {
        if (request.seconds > 0 && elapsed() > request.seconds) {
            break;
        }
        const auto options = options_for(seed, request.plant, request.is_calm);
        auto outcome = run_world(options, request.is_loud);
        if (request.twice_every != 0 && summary.seeds % request.twice_every == 0) {
            ++summary.checked_twice;
            if (const auto again = run_world(options, false); again.hash != outcome.hash) {
                outcome.violations.push_back(
                    {"I23", fmt::format("the same seed gives the hashes {:016x} and {:016x}",
                                        outcome.hash, again.hash)});
            }
        }
        summary.add(outcome);
        if (!outcome.violations.empty()) {
            print_failure(outcome);
        }
        if (request.is_loud) {
            fmt::print("{}\ntrace hash {:016x}\n", describe(options), outcome.hash);
        }
    }
    print_summary(summary, elapsed(), request.as_json);
    return summary.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace frugal::simulation

int main(int argc, char** argv) {
    frugal::simulation::Request request;
    std::uint64_t planted_seeds = 0;
    CLI::App app{"Runs seeds of the simulated site."};
    app.add_option("--seeds", request.range, "first..last");
    app.add_option("--seed", request.seeds, "these seeds only");
    app.add_option("--seeds-from", request.seeds_file, "a file with one seed a line");
    app.add_option("--plant", request.plant, "build this bug into the world");
    app.add_option("--twice-every", request.twice_every,
                   "run every n-th seed twice and compare the trace hashes");
    app.add_option("--for-seconds", request.seconds, "stop after so long");
    app.add_option("--planted", planted_seeds, "check that each planted bug is found in n seeds");
    app.add_flag("--learner", request.is_learner,
                 "only the learner: liars, models that go wrong, kills");
    app.add_flag("--desk", request.is_desk,
                 "only the escalation desk: overload, shares, engines that fail or hang, kills");
    app.add_flag("--cloud", request.is_cloud,
                 "only the third tier: a server that is up and down, and slow");
    app.add_flag("--calm", request.is_calm, "no faults at all");
    app.add_flag("--trace", request.is_loud, "print every event");
    app.add_flag("--json", request.as_json, "the summary as JSON");
    CLI11_PARSE(app, argc, argv);
    if (request.is_learner) {
        return planted_seeds != 0 ? frugal::simulation::run_planted_learners(planted_seeds)
                                  : frugal::simulation::run_learner_seeds(
                                        frugal::simulation::seeds_of(request), request.as_json);
    }
    if (request.is_cloud) {
        return planted_seeds != 0 ? frugal::simulation::run_planted_cloud(planted_seeds)
                                  : frugal::simulation::run_cloud_seeds(
                                        frugal::simulation::seeds_of(request), request.as_json);
    }
    if (request.is_desk) {
        return frugal::simulation::run_desk_seeds(frugal::simulation::seeds_of(request),
                                                  request.as_json);
    }
    return planted_seeds != 0 ? frugal::simulation::run_planted(planted_seeds)
                              : frugal::simulation::run_seeds(request);
}
