// SPDX-License-Identifier: Apache-2.0
#include "device-sim/app/verify_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <memory>

#include "device-sim/fleet/statistics.hpp"
#include "device-sim/ledger/ledger_writer.hpp"
#include "device-sim/ledger/raw_scan.hpp"
#include "device-sim/ledger/verification.hpp"

namespace frugal::swarm {
namespace {

namespace json = boost::json;

struct VerifyArguments {
    std::filesystem::path ledger;
    std::filesystem::path database;
    std::vector<std::filesystem::path> scan;
    bool prints_json = false;
};

int report(const Error& error) {
    fmt::print(stderr, "frugal-swarm: {}\n", error.describe());
    return 2;
}

/// Accuracy and escalation figures over all labelled decisions of the ledger.
json::object decision_figures(const Ledger& ledger) {
    Accuracy local;
    Accuracy system;
    Accuracy local_on_escalated;
    Accuracy edge_on_escalated;
    std::uint64_t answered = 0;
    std::map<std::string, std::uint64_t> releases;
    for (const auto& [key, stream] : ledger.streams) {
        for (const auto& [sequence, decision] : stream.decisions) {
            const bool is_edge = decision.tier == FR_TIER_EDGE;
            answered += is_edge ? 1 : 0;
            ++releases[std::to_string(decision.release)];
            if (decision.label < 0) {
                continue;
            }
            const auto label = static_cast<std::uint32_t>(decision.label);
            local.count(decision.local_class == label);
            system.count(decision.class_id == label);
            if (is_edge) {
                local_on_escalated.count(decision.local_class == label);
                edge_on_escalated.count(decision.class_id == label);
            }
        }
    }
    json::object by_release;
    for (const auto& [release, count] : releases) {
        by_release[release] = count;
    }
    return {{"escalations_sent", ledger.escalations.size()},
            {"escalations_answered", answered},
            {"decisions_by_release", by_release},
            {"labelled", system.total},
            {"accuracy_local", local.share()},
            {"accuracy_system", system.share()},
            {"accuracy_local_on_escalated", local_on_escalated.share()},
            {"accuracy_edge_on_escalated", edge_on_escalated.share()}};
}

/// Confirmed devices by release: the last word of each device counts.
json::object fleet_figures(const Ledger& ledger) {
    std::map<std::string, std::uint32_t> confirmed;
    std::map<std::string, std::uint64_t> refusals;
    for (const PhaseRecord& phase : ledger.phases) {
        if (phase.phase == FR_PHASE_CONFIRMED) {
            confirmed[phase.device] = phase.release;
        } else if (phase.phase == FR_PHASE_REFUSED) {
            ++refusals[reason_name(phase.reason)];
        }
    }
    std::map<std::uint32_t, std::uint64_t> by_release;
    for (const auto& [device, release] : confirmed) {
        ++by_release[release];
    }
    std::set<std::string> devices;
    for (const auto& [key, stream] : ledger.streams) {
        devices.insert(key.device);
    }
    json::object releases;
    for (const auto& [release, count] : by_release) {
        releases[std::to_string(release)] = count;
    }
    json::object reasons;
    for (const auto& [reason, count] : refusals) {
        reasons[reason] = count;
    }
    std::uint64_t attacks_refused = 0;
    for (const AttackRecord& attack : ledger.attacks) {
        attacks_refused += attack.reason != 0 ? 1 : 0;
    }
    return {{"devices", devices.size()},
            {"devices_confirmed", releases},
            {"refusals", reasons},
            {"power_cuts", ledger.power_cuts.size()},
            {"transfers_resumed", ledger.resumes.size()},
            {"attacks", ledger.attacks.size()},
            {"attacks_refused", attacks_refused}};
}

json::object comparison_figures(const Verification& result) {
    json::array examples;
    for (const std::string& example : result.examples) {
        examples.emplace_back(example);
    }
    return {{"decisions_produced", result.produced},
            {"decisions_committed", result.committed},
            {"rows", result.rows},
            {"lost", result.lost},
            {"different", result.different},
            {"duplicated", result.duplicated},
            {"pending", result.pending},
            {"unacked_stored", result.unacked_stored},
            {"declared_dropped", result.declared_dropped},
            {"gap_mismatches", result.gap_mismatches},
            {"unledgered", result.unledgered},
            {"acked_above_stored", result.acked_above_stored},
            {"examples", examples}};
}

json::object scan_figures(const RawScan& scan, std::size_t windows) {
    json::array places;
    for (const std::string& place : scan.places()) {
        places.emplace_back(place);
    }
    return {{"raw_bytes_at_rest", scan.found_bytes()},
            {"scanned_files", scan.files()},
            {"scanned_bytes", scan.bytes()},
            {"fingerprints", windows},
            {"raw_places", places}};
}

void merge(json::object& all, json::object part) {
    for (auto& [key, value] : part) {
        all[key] = value;
    }
}

double total(const Ledger& ledger, const std::string& name) {
    const auto found = ledger.totals.find(name);
    return found == ledger.totals.end() ? 0 : found->second;
}

json::object totals_figures(const Ledger& ledger) {
    json::object totals;
    for (const auto& [name, value] : ledger.totals) {
        totals[name] = value;
    }
    const double model =
        total(ledger, "down_chunk_bytes") + total(ledger, "down_shared_chunk_bytes");
    return {{"model_bytes_on_air", static_cast<std::uint64_t>(model)},
            {"totals", totals},
            {"runs", ledger.runs},
            {"torn_lines", ledger.torn_lines},
            {"contradictions", ledger.contradictions}};
}

void print(const json::object& figures, bool as_json) {
    if (as_json) {
        fmt::print("{}\n", json::serialize(figures));
        return;
    }
    for (const auto& [key, value] : figures) {
        fmt::print("{}: {}\n", std::string(key), json::serialize(value));
    }
}

/// The ledger's own directory, or the state directory it lies in.
std::filesystem::path ledger_directory(const std::filesystem::path& given) {
    return std::filesystem::exists(given / "ledger" / LedgerWriter::kFileName) ? given / "ledger"
                                                                               : given;
}

int verify(const VerifyArguments& arguments) {
    const auto ledger = Ledger::load(ledger_directory(arguments.ledger));
    if (!ledger) {
        return report(ledger.error());
    }
    json::object figures;
    bool is_clean = ledger->contradictions == 0;
    if (!arguments.database.empty()) {
        const auto stored = Stored::load(arguments.database);
        if (!stored) {
            return report(stored.error());
        }
        const Verification result = compare(*ledger, *stored);
        is_clean = is_clean && result.is_clean();
        merge(figures, comparison_figures(result));
    }
    RawScan scan(ledger->windows);
    for (const auto& path : arguments.scan) {
        if (const auto scanned = scan.scan(path); !scanned) {
            return report(scanned.error());
        }
    }
    merge(figures, scan_figures(scan, ledger->windows.size()));
    merge(figures, fleet_figures(*ledger));
    merge(figures, decision_figures(*ledger));
    merge(figures, totals_figures(*ledger));
    is_clean = is_clean && scan.found_bytes() == 0;
    figures["clean"] = is_clean;
    print(figures, arguments.prints_json);
    return is_clean ? 0 : 1;
}

}  // namespace

void add_verify_command(CLI::App& app, int& status) {
    auto arguments = std::make_shared<VerifyArguments>();
    CLI::App* command =
        app.add_subcommand("verify", "Compare a ledger with the gateway's database");
    command->add_option("--ledger", arguments->ledger, "State directory of a run, or its ledger")
        ->required()
        ->check(CLI::ExistingDirectory);
    command->add_option("--database", arguments->database, "The gateway's SQLite file");
    command->add_option("--scan", arguments->scan,
                        "Files and directories in which no raw input may be");
    command->add_flag("--json", arguments->prints_json, "One JSON object");
    command->callback([arguments, &status] { status = verify(*arguments); });
}

}  // namespace frugal::swarm
