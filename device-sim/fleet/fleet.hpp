// SPDX-License-Identifier: Apache-2.0
// The whole swarm: builds the devices a scenario asks for, enrols them, lets them live, ends in
// order. Owned by main, which runs it on its one thread. A stop request is a flag: it may be set
// by a signal handler.
#pragma once

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "device-sim/enrol/claim_codes.hpp"
#include "device-sim/enrol/identity_store.hpp"
#include "device-sim/fleet/device_link.hpp"
#include "device-sim/ledger/ledger.hpp"
#include "device-sim/sensors/image_sensor.hpp"

namespace frugal::swarm {

struct FleetOptions {
    std::string site;
    std::string broker;  ///< HOST:PORT
    std::filesystem::path broker_ca;
    std::string est_url;  ///< empty: every device must have enrolled before
    std::filesystem::path est_ca;
    ClaimCodes claims;
    std::filesystem::path release_key;
    std::filesystem::path policy_key;  ///< empty: the release key
    std::filesystem::path data;
    std::filesystem::path state;
    std::filesystem::path until_file;   ///< the run ends when it appears; empty: never
    std::filesystem::path status_file;  ///< replaced every second; empty: none
    bool prints_status = false;         ///< a JSON line a second on stdout
    bool resumes_sessions = true;
    std::size_t handshakes_max = 200;
};

class Fleet {
public:
    static Result<std::unique_ptr<Fleet>> create(FleetOptions options, Scenario scenario);
    ~Fleet();

    /// Enrols every device without a stored certificate.
    Result<void> enrol(const volatile std::sig_atomic_t& stop);

    /// Runs until the scenario ends or the flag is set, then drains and says goodbye.
    Result<void> run(const volatile std::sig_atomic_t& stop);

    const std::vector<std::unique_ptr<DeviceLink>>& links() const { return links_; }
    const Statistics& statistics() const { return statistics_; }
    const Scenario& scenario() const { return scenario_; }
    Milliseconds now() const { return loop_.now(); }
    bool is_draining() const { return drain_began_.has_value(); }

    /// Every condition a scenario can set for its success held at the end.
    bool has_succeeded() const;

private:
    Fleet(FleetOptions options, Scenario scenario);

    Result<void> prepare();
    Result<void> read_earlier_ledger();
    Result<void> make_links();
    DeviceLink::Settings link_settings(const std::string& name, const DeviceProfile& profile,
                                       std::size_t index) const;
    /// The devices an event means, drawn by lot.
    std::set<std::string> select(const Selection& selection, const std::string& label) const;

    void begin();
    void arm_storm(const StormScenario& storm, Milliseconds delay);
    void step_second();
    bool should_end() const;
    bool are_end_conditions_met() const;
    void begin_drain();
    bool is_drained() const;
    void finish();
    void write_totals();

    FleetOptions options_;
    Scenario scenario_;
    EventLoop loop_;
    Statistics statistics_;
    SignatureVerifier verifier_;
    IdentityStore identities_;
    DeviceEnvironment environment_;
    std::optional<ImageSensor> sensor_;
    std::optional<TlsContext> broker_tls_;
    std::optional<TlsContext> est_tls_;
    std::optional<LedgerWriter> ledger_;
    Ledger earlier_;
    Endpoint broker_;
    ConnectGate gate_;
    LinkContext context_;
    std::vector<std::unique_ptr<DeviceLink>> links_;
    std::vector<std::set<std::string>> cut_devices_;  ///< for each power cut of the scenario
    std::set<std::string> attacked_devices_;
    std::optional<Milliseconds> drain_began_;
};

/// The ids a fleet of this scenario has, in order: "tiny-0001" ... by class.
std::vector<std::pair<std::string, const DeviceProfile*>> fleet_devices(const Scenario& scenario);

}  // namespace frugal::swarm
