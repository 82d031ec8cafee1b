// SPDX-License-Identifier: Apache-2.0
// A device around the real node library: simulated flash that can lose power at any operation, a
// session with the broker, a sensor. Tells the oracle what the device itself knows. Owned by the
// world; single-threaded.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "frugal/node.h"
#include "simulation/world/context.hpp"
#include "support/device/flash_model.hpp"

namespace frugal::simulation {

struct DevicePlan {
    std::size_t index = 0;
    std::string name;
    bool is_large = false;
    bool is_roomy = false;  ///< a small one with more memory than its class usually has
    bool has_one_slot = false;
    std::uint64_t seed = 0;
};

class DeviceHost final : public Client {
public:
    /// `arena` is working memory shared by all devices: a node uses it only inside a call.
    DeviceHost(const Context& context, const DevicePlan& plan, std::vector<std::uint8_t>& arena);

    const std::string& name() const override { return plan_.name; }
    std::size_t index() const override { return plan_.index; }
    void on_session_up() override;
    void on_session_down() override;
    void on_packet(const Packet& packet) override;

    void power_on();
    void power_off();
    bool is_alive() const { return is_alive_; }

    // Faults
    void reset();
    void cut_power_after(std::uint64_t operations, test::Tear tear);
    void wipe();
    void cut_off(base::Duration duration);
    void send_garbage(base::Rng& rng);
    void claim_to_be(const std::string& other);
    /// Same certificate and a copy of the storage as it is now.
    void become_clone_of(DeviceHost& other);

    /// No more faults: whoever was cut off comes back.
    void heal();
    void stop_sampling() { is_sampling_ = false; }
    /// Gone for good: revoked, or a clone that was taken away.
    void retire();
    bool is_retired() const { return is_retired_; }
    bool is_cloned() const { return is_cloned_; }
    void mark_cloned();

    const fr_node_t& node() const { return node_; }
    bool is_drained() const;
    fr_task_status_t status() const;
    DeviceView view() const;
    const test::FlashModel& flash() const { return flash_; }
    std::uint64_t flash_operations() const { return flash_.operations(); }

private:
    static DeviceHost& self(void* context) { return *static_cast<DeviceHost*>(context); }
    void wire_port();
    void wire_callbacks();
    bool publish(fr_up_kind_t kind, base::ByteView payload);
    void decided(const fr_decision_t& decision);
    void phase_changed(fr_phase_t phase, fr_reason_t reason);
    std::uint32_t random();
    std::uint64_t now_ms() const;
    void connect_after(base::Duration wait);
    void sample();
    void plan_sample();
    void note_ack(const base::Bytes& payload);
    void note_prices(fr_down_kind_t kind, const base::Bytes& payload);
    void tell_price(std::uint32_t task, std::uint32_t price);
    void after_call();
    void die();
    void plan_wake();
    StreamTruth& truth();
    void observe();
    void play_planted_bug(fr_phase_t phase);
    bool play_planted_freeze();

    const Context& context_;
    DevicePlan plan_;
    base::Rng rng_;
    fr_node_config_t config_{};
    std::array<fr_task_config_t, 2> tasks_{};
    test::FlashModel flash_;
    fr_port_t port_{};
    fr_node_t node_{};
    base::Instant boot_at_;
    base::Instant cut_off_until_;
    std::uint64_t life_ = 0;  ///< plans of an earlier boot are void
    std::uint64_t wake_ = 0;  ///< plans for an earlier deadline are void
    bool is_alive_ = false;
    bool is_connected_ = false;
    bool is_sampling_ = true;
    bool is_retired_ = false;
    bool is_cloned_ = false;
    bool was_reset_ = false;
    std::uint32_t fixed_random_ = 0;  ///< planted: a wiped device's generator starts over
    std::uint64_t acked_before_ = 0;
    std::uint32_t blocks_before_boot_ = 0;
};

}  // namespace frugal::simulation
