// SPDX-License-Identifier: Apache-2.0
#include "device-sim/fleet/fleet.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>

#include "device-sim/enrol/est_client.hpp"
#include "device-sim/fleet/status.hpp"

namespace frugal::swarm {
namespace {

constexpr Milliseconds kStep{50};
constexpr Milliseconds kSecond{1000};
constexpr Milliseconds kGoodbye{300};
constexpr std::int64_t kConnectSpreadMs = 4;  // for each device of the fleet

std::uint64_t true_chance() {
    std::uint64_t value = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&value), sizeof value);
    return value;
}

fr_privacy_t privacy_of(const std::string& name) {
    if (name == "public") {
        return FR_PRIVACY_PUBLIC;
    }
    return name == "edge-only" ? FR_PRIVACY_EDGE_ONLY : FR_PRIVACY_NEVER;
}

}  // namespace

std::vector<std::pair<std::string, const DeviceProfile*>> fleet_devices(const Scenario& scenario) {
    std::vector<std::pair<std::string, const DeviceProfile*>> devices;
    const auto profiles = device_profiles();
    for (std::size_t i = 0; i < profiles.size(); ++i) {
        const auto given = scenario.classes.find(std::string(profiles[i].name));
        std::size_t count = given == scenario.classes.end() ? 0 : given->second;
        if (scenario.classes.empty()) {
            count = (scenario.devices + i) / profiles.size();
        }
        for (std::size_t number = 1; number <= count; ++number) {
            devices.emplace_back(fmt::format("{}-{:04}", profiles[i].name, number), &profiles[i]);
        }
    }
    return devices;
}

Fleet::Fleet(FleetOptions options, Scenario scenario)
    : options_(std::move(options)),
      scenario_(std::move(scenario)),
      identities_(options_.state / "devices"),
      gate_(options_.handshakes_max) {}

Fleet::~Fleet() {
    links_.clear();
}

Result<std::unique_ptr<Fleet>> Fleet::create(FleetOptions options, Scenario scenario) {
    std::unique_ptr<Fleet> fleet(new Fleet(std::move(options), std::move(scenario)));
    if (auto prepared = fleet->prepare(); !prepared) {
        return tl::unexpected<Error>(prepared.error());
    }
    return fleet;
}

Result<void> Fleet::prepare() {
    auto broker = Endpoint::parse(options_.broker);
    auto broker_tls = TlsContext::open(options_.broker_ca);
    auto release_key = load_public_point(options_.release_key);
    auto policy_key =
        options_.policy_key.empty() ? release_key : load_public_point(options_.policy_key);
    auto sensor = ImageSensor::load(options_.data);
    auto ledger = LedgerWriter::open(options_.state / "ledger");
    for (const Error* error :
         {broker ? nullptr : &broker.error(), broker_tls ? nullptr : &broker_tls.error(),
          release_key ? nullptr : &release_key.error(), policy_key ? nullptr : &policy_key.error(),
          sensor ? nullptr : &sensor.error(), ledger ? nullptr : &ledger.error()}) {
        if (error != nullptr) {
            return tl::unexpected<Error>(*error);
        }
    }
    broker_ = std::move(*broker);
    broker_tls_ = std::move(*broker_tls);
    sensor_ = std::move(*sensor);
    ledger_ = std::move(*ledger);
    environment_.site = options_.site;
    environment_.release_key = *release_key;
    environment_.policy_key = *policy_key;
    environment_.sensor = &*sensor_;
    environment_.verifier = &verifier_;
    environment_.task = {.task = scenario_.task,
                         .input_bytes = static_cast<std::uint32_t>(sensor_->input_bytes()),
                         .class_count = static_cast<std::uint32_t>(sensor_->class_count()),
                         .privacy = privacy_of(scenario_.privacy),
                         .state = nullptr,
                         .state_bytes = 0};
    environment_.deadline_ms = scenario_.deadline_ms;
    environment_.decision_sectors = scenario_.decision_sectors;
    environment_.one_slot = scenario_.one_slot;
    return read_earlier_ledger();
}

Result<void> Fleet::read_earlier_ledger() {
    auto earlier = Ledger::load(options_.state / "ledger");
    if (!earlier) {
        return tl::unexpected<Error>(earlier.error());
    }
    earlier_ = std::move(*earlier);
    context_ = {&loop_,    &gate_,       &*broker_tls_,
                &broker_,  &scenario_,   &environment_,
                &*ledger_, &statistics_, options_.resumes_sessions,
                false};
    return {};
}

Result<void> Fleet::enrol(const volatile std::sig_atomic_t& stop) {
    std::optional<EstClient> client;
    for (const auto& [name, profile] : fleet_devices(scenario_)) {
        if (stop != 0) {
            return fail("stopped before every device was enrolled");
        }
        if (identities_.load(name)) {
            continue;
        }
        const auto code = options_.claims.find(name);
        if (!code || options_.est_url.empty()) {
            return fail(name + " has no certificate and no way to get one",
                        code ? "no --est" : "no claim code for it",
                        "give --est and --claims or --claim-code");
        }
        if (!client) {
            auto tls = TlsContext::open(options_.est_ca);
            if (!tls) {
                return tl::unexpected<Error>(tls.error());
            }
            est_tls_ = std::move(*tls);
            auto created = EstClient::create(options_.est_url, *est_tls_);
            if (!created) {
                return tl::unexpected<Error>(created.error());
            }
            client.emplace(std::move(*created));
        }
        auto identity = client->enrol(name, *code);
        auto saved = identity ? identities_.save(name, *identity)
                              : Result<void>(tl::unexpected<Error>(identity.error()));
        if (!saved) {
            return saved;
        }
    }
    return make_links();
}

std::set<std::string> Fleet::select(const Selection& selection, const std::string& label) const {
    std::vector<std::pair<std::uint64_t, std::string>> lots;
    for (const auto& [other, profile] : fleet_devices(scenario_)) {
        if (selection.device_class.empty() || selection.device_class == profile->name) {
            lots.emplace_back(derive_seed(scenario_.seed, label + other), other);
        }
    }
    std::sort(lots.begin(), lots.end());
    if (selection.count > 0 && lots.size() > selection.count) {
        lots.resize(selection.count);
    }
    std::set<std::string> names;
    for (const auto& lot : lots) {
        names.insert(lot.second);
    }
    return names;
}

DeviceLink::Settings Fleet::link_settings(const std::string& name, const DeviceProfile& profile,
                                          std::size_t index) const {
    constexpr std::size_t kEveryFourth = 4;
    DeviceLink::Settings settings;
    settings.device.name = name;
    settings.device.profile = &profile;
    settings.device.seed = derive_seed(scenario_.seed, name);
    settings.device.node_seed = true_chance();
    settings.device.flash_file = identities_.folder(name) / "flash.bin";
    settings.identity = *identities_.load(name);
    const bool is_old = scenario_.mqtt == "3.1.1" ||
                        (scenario_.mqtt == "mixed" && index % kEveryFourth == kEveryFourth - 1);
    settings.version = is_old ? mqtt::Version::k311 : mqtt::Version::k5;
    for (std::size_t i = 0; i < scenario_.power_cuts.size(); ++i) {
        if (cut_devices_[i].contains(name)) {
            settings.power_cuts.push_back(scenario_.power_cuts[i]);
        }
    }
    settings.is_attacked = attacked_devices_.contains(name);
    return settings;
}

Result<void> Fleet::make_links() {
    for (std::size_t i = 0; i < scenario_.power_cuts.size(); ++i) {
        cut_devices_.push_back(select(scenario_.power_cuts[i].devices, fmt::format("cut {} ", i)));
    }
    if (scenario_.hostile.attack != Attack::kNone) {
        attacked_devices_ = select(scenario_.hostile.devices, "hostile ");
    }
    std::size_t index = 0;
    for (const auto& [name, profile] : fleet_devices(scenario_)) {
        auto link = DeviceLink::create(context_, link_settings(name, *profile, index++));
        if (!link) {
            return tl::unexpected<Error>(link.error());
        }
        const auto first = earlier_.streams.lower_bound({name, 0});
        for (auto entry = first; entry != earlier_.streams.end() && entry->first.device == name;
             ++entry) {
            (*link)->books().known_from_ledger(entry->first.stream, entry->second);
        }
        links_.push_back(std::move(*link));
    }
    earlier_ = Ledger{};
    return {};
}

void Fleet::begin() {
    Random random(derive_seed(scenario_.seed, "start"));
    const auto spread = static_cast<std::uint64_t>(links_.size()) * kConnectSpreadMs + 1;
    for (const auto& link : links_) {
        link->start(Milliseconds{static_cast<std::int64_t>(1 + random.below(spread))});
    }
    for (const StormScenario& storm : scenario_.storms) {
        arm_storm(storm, storm.at);
    }
    loop_.timers().arm(kSecond, [this] { step_second(); });
}

void Fleet::arm_storm(const StormScenario& storm, Milliseconds delay) {
    loop_.timers().arm(delay, [this, &storm] {
        const std::size_t count = std::max<std::size_t>(links_.size(), 1);
        for (std::size_t i = 0; i < links_.size(); ++i) {
            const Milliseconds at =
                storm.within * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(count);
            loop_.timers().arm(
                at, [link = links_[i].get(), &storm] { link->break_connection(storm.backs_off); });
        }
        if (storm.every.count() > 0 && !is_draining()) {
            arm_storm(storm, storm.every);
        }
    });
}

void Fleet::step_second() {
    loop_.timers().arm(kSecond, [this] { step_second(); });
    write_totals();
    const std::string line = status_json(*this);
    if (options_.prints_status) {
        fmt::print("{}\n", line);
        std::fflush(stdout);
    }
    if (!options_.status_file.empty()) {
        const auto written = replace_file(options_.status_file, as_bytes(line + "\n"));
        if (!written) {
            statistics_.last_error = written.error().describe();
        }
    }
}

void Fleet::write_totals() {
    ledger_->append(TotalsRecord{totals_of(*this)});
}

bool Fleet::are_end_conditions_met() const {
    const EndScenario& end = scenario_.end;
    const bool has_condition = end.decisions_acked > 0 || end.confirmed_release > 0 ||
                               end.escalations_answered > 0 || end.attack_refused;
    const auto is_confirmed = [&end](const auto& link) {
        const fr_task_status_t status = link->device().task_status();
        return link->is_locked_out() ||
               (status.has_model && status.release >= end.confirmed_release &&
                status.active_slot == status.confirmed_slot);
    };
    const auto has_refused = [](const auto& link) {
        return !link->is_attacked() || link->has_refused_attack();
    };
    return has_condition && statistics_.acked >= end.decisions_acked &&
           statistics_.answered >= end.escalations_answered &&
           (end.confirmed_release == 0 ||
            std::all_of(links_.begin(), links_.end(), is_confirmed)) &&
           (!end.attack_refused || std::all_of(links_.begin(), links_.end(), has_refused));
}

bool Fleet::should_end() const {
    const bool is_over = scenario_.end.after.count() > 0 && loop_.now() >= scenario_.end.after;
    const bool is_asked =
        !options_.until_file.empty() && std::filesystem::exists(options_.until_file);
    return is_over || is_asked || are_end_conditions_met();
}

void Fleet::begin_drain() {
    drain_began_ = loop_.now();
    for (const auto& link : links_) {
        link->stop_sampling();
    }
}

bool Fleet::is_drained() const {
    return std::all_of(links_.begin(), links_.end(), [](const auto& link) {
        return link->is_drained() || link->is_locked_out();
    });
}

Result<void> Fleet::run(const volatile std::sig_atomic_t& stop) {
    if (!loop_.is_usable()) {
        return fail("cannot create an epoll set", system_cause());
    }
    ledger_->append(RunRecord{unix_time_ms(), scenario_.seed, scenario_.name});
    begin();
    Milliseconds next_check{0};
    while (!context_.flush_failed) {
        loop_.run_once(kStep);
        context_.flush_failed = context_.flush_failed || !ledger_->flush();
        if (loop_.now() < next_check) {
            continue;
        }
        next_check = loop_.now() + kStep * 2;
        if (!is_draining() && (stop != 0 || should_end())) {
            begin_drain();
        }
        const bool is_too_long =
            is_draining() && loop_.now() - *drain_began_ >= scenario_.drain_limit;
        if (is_draining() && (is_drained() || is_too_long)) {
            break;
        }
    }
    finish();
    const auto flushed = ledger_->flush();
    return flushed ? Result<void>() : fail_with(flushed.error(), "the swarm had to stop");
}

void Fleet::finish() {
    write_totals();
    for (const auto& link : links_) {
        link->stop();
    }
    for (const Milliseconds end = loop_.now() + kGoodbye; loop_.now() < end;) {
        loop_.run_once(kStep);
    }
}

bool Fleet::has_succeeded() const {
    const auto is_clean = [](const auto& link) { return link->device().flash_violations() == 0; };
    const bool has_refused = !scenario_.end.attack_refused ||
                             std::all_of(links_.begin(), links_.end(), [](const auto& link) {
                                 return !link->is_attacked() || link->has_refused_attack();
                             });
    return !context_.flush_failed && is_drained() && has_refused &&
           std::all_of(links_.begin(), links_.end(), is_clean);
}

}  // namespace frugal::swarm
