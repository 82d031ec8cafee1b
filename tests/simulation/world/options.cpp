// SPDX-License-Identifier: Apache-2.0
#include "simulation/world/options.hpp"

#include <fmt/format.h>

#include "base/rng.hpp"

namespace frugal::simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, kFaultKinds> kFaultNames = {"clog",
                                                                   "flap",
                                                                   "half-open",
                                                                   "broker-restart",
                                                                   "gateway-kill",
                                                                   "power-loss",
                                                                   "crash-before-commit",
                                                                   "crash-in-commit",
                                                                   "crash-after-commit",
                                                                   "crash-half-effects",
                                                                   "sync-error",
                                                                   "write-error",
                                                                   "read-error",
                                                                   "disk-full",
                                                                   "amnesia",
                                                                   "power-cut",
                                                                   "reboot",
                                                                   "boot-loop",
                                                                   "wipe",
                                                                   "clone",
                                                                   "drought",
                                                                   "evil-manifest",
                                                                   "evil-chunk",
                                                                   "replay",
                                                                   "garbage",
                                                                   "impostor",
                                                                   "clock-jump",
                                                                   "slow-edge",
                                                                   "hung-edge",
                                                                   "lost-flush",
                                                                   "evil-policy"};

struct PlantFacts {
    std::string_view name;
    std::string_view invariant;
};
constexpr std::array<PlantFacts, 34> kPlants = {{{"none", ""},
                                                 {"ack-before-commit", "I3"},
                                                 {"lazy-sync", "I1"},
                                                 {"same-stream", "I2"},
                                                 {"store-twice", "I2"},
                                                 {"undeclared-drops", "I4"},
                                                 {"raw-at-rest", "I5"},
                                                 {"bricked-slots", "I6"},
                                                 {"blind-signatures", "I7"},
                                                 {"early-burn", "I8"},
                                                 {"erase-confirmed", "I9"},
                                                 {"offers-after-abort", "I10"},
                                                 {"forgetful-staging", "I11"},
                                                 {"foreign-rows", "I13"},
                                                 {"no-reconnect", "I18"},
                                                 {"modest-hello", "I24"},
                                                 {"any-policy", "I26"},
                                                 {"obeyed-shadow", "I27"},
                                                 {"sticky-candidate", "I27"},
                                                 {"wider-share", "I27"},
                                                 {"kept-shadow", "I27"},
                                                 {"stray-override", "I27"},
                                                 {"lost-override", "I27"},
                                                 {"forgets-floor", "I27"},
                                                 {"oversleeps", "I25"},
                                                 {"freezes", "I25"},
                                                 {"bricked-only-slot", "I6"},
                                                 {"starved-after-loss", "I18"},
                                                 {"unproven-finish", "I28"},
                                                 {"one-price", "I29"},
                                                 {"stale-alarm", "I30"},
                                                 {"any-table", "I32"},
                                                 {"forgotten-bytes", "I33"},
                                                 {"mixed-encodings", "I33"}}};

/// Kinds that end a device's or a database's history: not in every other seed.
bool is_drastic(FaultKind kind) {
    return kind == FaultKind::kAmnesia || kind == FaultKind::kWipe || kind == FaultKind::kClone ||
           kind == FaultKind::kDrought;
}

base::Duration between(base::Rng& rng, base::Duration low, base::Duration high) {
    const auto span = static_cast<std::uint64_t>((high - low).count()) + 1;
    return low + base::Duration(static_cast<std::int64_t>(rng.below(span)));
}

void draw_site(Options& options, base::Rng& rng) {
    options.devices = 2 + static_cast<std::uint32_t>(rng.below(6) + rng.below(6));
    options.large_devices = rng.chance(0.3) ? 1 : 0;
    options.sample_interval = between(rng, seconds(1), seconds(6));
    options.decision_sectors = 2 + static_cast<std::uint32_t>(rng.below(4));
    options.sector_bytes = 512U << rng.below(3);
    options.fetch_credit = 1U << (1 + rng.below(4));
    options.batch_rows = rng.chance(0.3) ? 64 : 4096;
    options.queue_limit = rng.chance(0.3) ? 1 : 64;
    options.shared_devices = 2 + static_cast<std::uint32_t>(rng.below(2));
    options.audit = static_cast<std::uint32_t>(rng.below(120));
    options.commit_latency_max = rng.chance(0.2) ? seconds(1) : milliseconds(30);
    options.has_bad_release = rng.chance(0.4);
    options.has_abort = rng.chance(0.4);
    options.has_rollback = rng.chance(0.4);
    options.has_revocation = rng.chance(0.3);
    options.has_enrolment = rng.chance(0.4);
}

}  // namespace

std::string_view to_string(FaultKind kind) {
    return kFaultNames[static_cast<std::size_t>(kind)];
}
std::string_view to_string(Plant plant) {
    return kPlants[static_cast<std::size_t>(plant)].name;
}
std::string_view invariant_of(Plant plant) {
    return kPlants[static_cast<std::size_t>(plant)].invariant;
}

std::vector<Plant> all_plants() {
    std::vector<Plant> plants;
    for (std::size_t i = 1; i < kPlants.size(); ++i) {
        plants.push_back(static_cast<Plant>(i));
    }
    return plants;
}

Options options_of_seed(std::uint64_t seed) {
    base::Rng rng(seed * 0x9E3779B97F4A7C15ULL + 1);
    Options options;
    options.seed = seed;
    draw_site(options, rng);
    options.loss_permille = rng.chance(0.6) ? static_cast<std::uint32_t>(rng.below(301)) : 0;
    options.duplicate_permille = rng.chance(0.5) ? static_cast<std::uint32_t>(rng.below(301)) : 0;
    options.latency_min = milliseconds(1);
    options.latency_max = rng.chance(0.3) ? seconds(4) : milliseconds(80);
    options.safety = between(rng, minutes(8), minutes(20));
    options.fault_interval = between(rng, seconds(4), seconds(40));
    for (std::size_t i = 0; i < kFaultKinds; ++i) {
        const auto kind = static_cast<FaultKind>(i);
        if (kind == FaultKind::kHungEdge) {
            continue;
        }
        options.set(kind, rng.chance(is_drastic(kind) ? 0.15 : 0.4));
    }
    // Not drawn: the seeds kept for what they found before these kinds came keep their meaning.
    options.set(FaultKind::kLostFlush, seed % 4 == 3);
    options.has_variants = seed % 5 == 2;
    options.set(FaultKind::kHungEdge, seed % 8 == 5);
    options.set(FaultKind::kEvilPolicy, seed % 3 == 1);
    options.has_staged_policies = seed % 7 == 0 || seed % 7 == 2 || seed % 7 == 4;
    options.has_one_slot = !options.has_variants && seed % 6 == 4;
    options.has_overrides = options.has_staged_policies && seed % 2 == 0;
    options.has_pinned_fleet = seed % 14 == 2;
    options.large_devices = options.has_pinned_fleet ? 1 : options.large_devices;  // two classes
    options.has_alarms = options.has_staged_policies && seed % 4 == 1;
    options.has_second_task = seed % 9 == 4;
    options.has_late_deltas = !options.has_variants && (seed % 12 == 7 || seed % 12 == 10);
    return options;
}

Options calm_options(std::uint64_t seed) {
    base::Rng rng(seed * 0x9E3779B97F4A7C15ULL + 1);
    Options options;
    options.seed = seed;
    draw_site(options, rng);
    options.latency_min = milliseconds(1);
    options.latency_max = milliseconds(20);
    options.has_variants = seed % 5 == 2;
    options.has_one_slot = !options.has_variants && seed % 6 == 4;
    options.safety = minutes(10);
    options.fault_interval = minutes(60);
    return options;
}

namespace {

void stage_policies(Options& options) {
    options.has_staged_policies = true;
    options.has_alarms = options.plant == Plant::kStaleAlarm;
    options.has_pinned_fleet = options.plant == Plant::kUnprovenFinish;
    options.has_overrides = options.has_pinned_fleet || options.plant == Plant::kStrayOverride ||
                            options.plant == Plant::kLostOverride;
    options.devices = 6;
}

void choose_releases(Options& options) {
    options.has_bad_release = options.plant == Plant::kStarvedAfterLoss;
    options.has_abort = options.plant == Plant::kOffersAfterAbort;
    options.has_variants = options.plant == Plant::kModestHello;
    options.has_one_slot =
        options.plant == Plant::kBrickedOnlySlot || options.plant == Plant::kStarvedAfterLoss;
    options.has_rollback = options.plant == Plant::kStarvedAfterLoss;
    options.has_late_deltas =
        options.plant == Plant::kForgottenBytes || options.plant == Plant::kMixedEncodings;
}

}  // namespace

Options planted_options(std::uint64_t seed, Plant plant) {
    auto options = calm_options(seed);
    options.plant = plant;
    options.devices = 3;
    options.large_devices = 0;
    options.audit = 64;
    options.fault_interval = seconds(15);
    options.sample_interval = seconds(2);
    choose_releases(options);
    options.has_revocation = false;
    switch (plant) {
        case Plant::kAckBeforeCommit:
        case Plant::kLazySync:
            options.set(FaultKind::kPowerLoss, true);
            options.commit_latency_max = milliseconds(200);
            break;
        case Plant::kSameStream:
            options.set(FaultKind::kWipe, true);
            break;
        case Plant::kUndeclaredDrops:
            options.set(FaultKind::kDrought, true);
            options.decision_sectors = 2;
            options.sector_bytes = 512;
            break;
        case Plant::kBlindSignatures:
            options.set(FaultKind::kEvilManifest, true);
            break;
        case Plant::kAnyPolicy:
            options.set(FaultKind::kEvilPolicy, true);
            options.fault_interval = seconds(5);
            break;
        case Plant::kForgetfulStaging:
        case Plant::kBrickedSlots:
        case Plant::kBrickedOnlySlot:
        case Plant::kForgetsFloor:
            options.set(FaultKind::kReboot, true);
            options.loss_permille = plant == Plant::kForgetfulStaging ? 200 : 0;
            options.fault_interval = seconds(5);
            break;
        case Plant::kUnprovenFinish:
        case Plant::kStaleAlarm:
        case Plant::kStrayOverride:
        case Plant::kLostOverride:
        case Plant::kObeyedShadow:
        case Plant::kStickyCandidate:
        case Plant::kWiderShare:
        case Plant::kKeptShadow:
            stage_policies(options);
            break;
        case Plant::kOnePrice:
            options.has_second_task = true;
            options.set(FaultKind::kSlowEdge, true);
            [[fallthrough]];
        case Plant::kOversleeps:
        case Plant::kFreezes:
            options.set(FaultKind::kHungEdge, true);
            options.audit = 120;
            break;
        case Plant::kNoReconnect:
            options.set(FaultKind::kBrokerRestart, true);
            break;
        default:
            break;
    }
    return options;
}

std::string describe(const Options& options) {
    std::string kinds;
    for (std::size_t i = 0; i < kFaultKinds; ++i) {
        if (options.faults[i]) {
            kinds += fmt::format("{}{}", kinds.empty() ? "" : " ", kFaultNames[i]);
        }
    }
    const auto ms = [](base::Duration duration) { return duration.count() / 1000; };
    return fmt::format(
        "seed={} devices={}+{} safety_ms={} fault_interval_ms={} sample_interval_ms={} loss={} "
        "duplicate={} latency_ms={}..{} sector={}x{} credit={} batch_rows={} queue={} shared={} "
        "audit={} commit_ms={} story={}{}{}{}{}{}{}{}{}{}{}{}{} plant={} faults=[{}]",
        options.seed, options.devices, options.large_devices, ms(options.safety),
        ms(options.fault_interval), ms(options.sample_interval), options.loss_permille,
        options.duplicate_permille, ms(options.latency_min), ms(options.latency_max),
        options.sector_bytes, options.decision_sectors, options.fetch_credit, options.batch_rows,
        options.queue_limit, options.shared_devices, options.audit, ms(options.commit_latency_max),
        options.has_bad_release ? "b" : "", options.has_abort ? "a" : "",
        options.has_rollback ? "r" : "", options.has_revocation ? "v" : "",
        options.has_enrolment ? "e" : "", options.has_variants ? "m" : "",
        options.has_staged_policies ? "p" : "", options.has_one_slot ? "1" : "",
        options.has_overrides ? "o" : "", options.has_pinned_fleet ? "f" : "",
        options.has_alarms ? "l" : "", options.has_second_task ? "2" : "",
        options.has_late_deltas ? "d" : "", to_string(options.plant), kinds);
}

}  // namespace frugal::simulation
