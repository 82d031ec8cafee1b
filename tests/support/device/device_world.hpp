// SPDX-License-Identifier: Apache-2.0
// One real node on simulated flash, joined to the site model by a link the test controls, in
// virtual time. Owned by one test, one thread. Nothing sleeps; time moves when the test moves it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "frugal/node.h"
#include "support/device/flash_model.hpp"
#include "support/device/site_model.hpp"

namespace frugal::test {

struct Shape {
    std::uint32_t sector_size = 1024;
    std::uint32_t slot_bytes = 12 * 1024;
    std::uint32_t staging_bytes = 12 * 1024;
    std::uint32_t arena_bytes = 6 * 1024;
    std::uint32_t block_bytes = 256;
    std::uint32_t fetch_credit = 8;
    std::uint32_t decision_sectors = 3;
    std::uint32_t features_bytes_max = 1024;
    std::uint32_t task_count = 1;  ///< tasks 1, 2, all of the same form
    fr_privacy_t privacy = FR_PRIVACY_PUBLIC;
    const fr_operator_set_t* operators = &fr_operators_base;
    std::uint32_t state_bytes = 0;  ///< of task 1
    const fr_bonsai_kernel_t* bonsai = nullptr;
    const fr_in_place_t* in_place = nullptr;
    std::uint32_t reach_bytes = 0;
    std::uint32_t input_bytes = 784;
    std::uint32_t classes = 10;
};

struct Up {
    fr_up_kind_t kind;
    base::Bytes payload;
};

class DeviceWorld {
public:
    DeviceWorld(const ReleaseMaker& maker, const Shape& shape = {});

    /// Boots the node on the flash as it is. @return the node's status.
    fr_status_t boot();
    void connect();
    void disconnect();

    /// Delivers everything under way, both ways, until nothing moves, without moving time.
    void settle();

    /// settle(), then jumps from deadline to deadline until `until_ms` have passed.
    void run(std::uint64_t duration_ms);

    fr_status_t submit(std::uint32_t deadline_ms = 1000, fr_privacy_t privacy = FR_PRIVACY_PUBLIC,
                       std::uint32_t task = 1);

    /// The site tells its present desired state now.
    void tell();

    /// A new desired state, told at once.
    void want(const Release& release);

    /// A whole session up to a confirmed model.
    void install(const Release& release);

    fr_task_status_t status(std::uint32_t task = 1) const;
    const fr_node_counters_t& counters() const { return *fr_node_counters(&node); }

    FlashModel flash;
    fr_node_t node{};
    fr_node_config_t config{};
    fr_port_t port{};
    SiteModel site;
    std::uint64_t now_ms = 1000;
    bool is_connected = false;
    bool publish_works = true;
    std::uint8_t battery = 200;
    std::uint16_t rtt_ms = 20;
    std::uint32_t samples = 0;
    std::vector<fr_decision_t> decided;
    std::vector<fr_phase_t> phases;
    fr_submit_result_t last{};
    std::vector<base::Digest> subscribed;
    std::uint32_t unsubscribed = 0;
    std::deque<Up> ups;
    std::deque<Down> downs;
    std::function<bool(const Up&)> lose_up;  ///< true: the message is lost
    std::function<bool(const Down&)> lose_down;

private:
    void wire_port();
    std::array<fr_task_config_t, 2> tasks_{};
    std::vector<std::uint8_t> arena_;
    std::vector<std::uint8_t> state_;
    crypto::PublicPoint key_;
    std::uint32_t random_ = 88172645;
};

/// Bytes a node of this shape needs.
std::uint32_t flash_size(const Shape& shape);

}  // namespace frugal::test
