// SPDX-License-Identifier: Apache-2.0
// One simulated device: the real node library around a flash in memory, a sensor, a battery and a
// radio's energy. Owned by its link (or by the test world); one thread; it never moves. It knows no
// socket and no clock. When its power is cut, at a flash operation or from outside, it is dead
// until boot(): whoever drives it asks is_alive() after every call.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "device-sim/device/device_host.hpp"
#include "device-sim/device/energy_model.hpp"
#include "device-sim/device/flash_memory.hpp"
#include "device-sim/device/signature_verifier.hpp"
#include "device-sim/sensors/sensor.hpp"
#include "frugal/node.h"

namespace frugal::swarm {

/// What all devices of one process share; it outlives them.
struct DeviceEnvironment {
    static constexpr std::size_t kArenaBytes = 256 * 1024;  ///< of the largest class

    std::string site;
    PublicPoint release_key{};
    PublicPoint policy_key{};
    const Sensor* sensor = nullptr;
    SignatureVerifier* verifier = nullptr;
    Bytes arena = Bytes(kArenaBytes);  ///< used inside one call of one device at a time
    fr_task_config_t task{};
    std::uint32_t deadline_ms = 2000;
    std::uint32_t decision_sectors = 4;
    bool one_slot = false;  ///< of each device
    std::uint32_t fetch_credit = 16;
    std::uint32_t decision_flush_ms = 0;  ///< 0: the library's default, as for the next two
    std::uint32_t ack_timeout_ms = 0;
    std::uint32_t fetch_timeout_ms = 0;
};

class VirtualDevice {
public:
    struct Settings {
        std::string name;
        const DeviceProfile* profile = nullptr;
        std::uint64_t seed = 0;       ///< of sensor and energy
        std::uint64_t node_seed = 0;  ///< of the stream id: true chance on real sites
        std::optional<std::filesystem::path> flash_file;  ///< absent: anonymous memory
    };
    enum class SampleOutcome { kDecided, kEscalated, kNoModel, kFailed };

    static Result<std::unique_ptr<VirtualDevice>> create(DeviceEnvironment& environment,
                                                         Settings settings, DeviceHost& host);
    VirtualDevice(const VirtualDevice&) = delete;
    VirtualDevice& operator=(const VirtualDevice&) = delete;

    /// Power on, or reset. An error names what the node library refused.
    Result<void> boot(Milliseconds now);
    /// Power off at once; flash keeps what was written.
    void lose_power();
    /// Cuts the power at the n-th flash operation from now.
    void cut_power_after(std::uint64_t operations);
    bool is_alive() const { return is_booted_ && flash_.has_power(); }

    void on_connected(Milliseconds now);
    void on_disconnected(Milliseconds now);
    void on_message(fr_down_kind_t kind, ByteView payload, Milliseconds now);
    void tick(Milliseconds now);
    /// When tick() is due; absent for never.
    std::optional<Milliseconds> next_deadline() const;
    void say_bye(std::uint32_t next_wake_s, Milliseconds now);
    Bytes will() const;

    /// Measures and decides once.
    SampleOutcome sample(Milliseconds now);

    /// Final decisions in flash with a sequence of at least `from`, oldest first.
    void read_log(std::uint64_t from, const std::function<void(const fr_decision_t&)>& use) const;

    const std::string& name() const { return settings_.name; }
    const DeviceProfile& profile() const { return *settings_.profile; }
    const fr_node_t& node() const { return node_; }
    fr_task_status_t task_status() const;
    FlashMemory& flash() { return flash_; }
    std::uint64_t flash_violations() const { return flash_.violations(); }
    EnergyModel& energy() { return energy_; }
    const EnergyModel& energy() const { return energy_; }
    /// For the node's books, at the next sample: it may not be told from inside its calls.
    void charge_uj(fr_use_t use, double energy_uj) {
        uncharged_uj_.at(static_cast<std::size_t>(use)) += energy_uj;
    }
    std::uint64_t raw_bytes_kept() const { return raw_bytes_kept_; }
    /// Radio energy that sending every kept input would have cost.
    double avoided_uj() const { return avoided_uj_; }

private:
    VirtualDevice(DeviceEnvironment& environment, Settings settings, DeviceHost& host);
    void fill_config();
    void fill_port();
    std::uint64_t node_time(Milliseconds now) const;
    void decided(const fr_decision_t& decision);
    /// Tells the node what was spent, in whole microjoules.
    void settle_energy();

    DeviceEnvironment& environment_;
    Settings settings_;
    DeviceHost& host_;
    FlashMemory flash_;
    EnergyModel energy_;
    Random sensor_random_;
    Random node_random_;
    fr_node_config_t config_{};
    fr_port_t port_{};
    fr_node_t node_{};
    bool is_booted_ = false;
    Milliseconds booted_at_{0};
    std::array<double, FR_USES + 1> uncharged_uj_{};  ///< by fr_use_t
    std::uint64_t raw_bytes_kept_ = 0;
    double avoided_uj_ = 0;
    std::optional<int> label_in_submit_;
    std::map<std::uint64_t, int> escalated_labels_;
};

}  // namespace frugal::swarm
