// SPDX-License-Identifier: Apache-2.0
#include "support/device/device_world.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "host_openssl.h"

namespace frugal::test {
namespace {

fr_node_config_t config_of(const Shape& shape) {
    fr_node_config_t config{};
    config.site = "test-site";
    config.device = "device-1";
    config.device_class = "tiny";
    config.task_count = shape.task_count;
    config.slot_bytes = shape.slot_bytes;
    config.staging_bytes = shape.staging_bytes;
    config.block_bytes = shape.block_bytes;
    config.fetch_credit = shape.fetch_credit;
    config.decision_sectors = shape.decision_sectors;
    config.features_bytes_max = shape.features_bytes_max;
    config.operators = shape.operators;
    config.profiles = &fr_profiles_all;
    config.bonsai = shape.bonsai;
    config.in_place = shape.in_place;
    config.reach_bytes = shape.reach_bytes;
    config.arena_bytes = shape.arena_bytes;
    config.radio_nj_per_byte = 600;
    return config;
}

DeviceWorld& world_of(void* context) {
    return *static_cast<DeviceWorld*>(context);
}

}  // namespace

std::uint32_t flash_size(const Shape& shape) {
    const auto config = config_of(shape);
    const auto size = fr_node_flash_size(&config, shape.sector_size);
    FRUGAL_ASSERT(size != 0);
    return size;
}

DeviceWorld::DeviceWorld(const ReleaseMaker& maker, const Shape& shape)
    : flash(flash_size(shape), shape.sector_size),
      config(config_of(shape)),
      arena_(shape.arena_bytes),
      state_(shape.state_bytes),
      key_(maker.public_key()) {
    tasks_[0] = {1,
                 shape.input_bytes,
                 shape.classes,
                 shape.privacy,
                 state_.empty() ? nullptr : state_.data(),
                 shape.state_bytes};
    tasks_[1] = {2, shape.input_bytes, shape.classes, shape.privacy, nullptr, 0};
    config.tasks = tasks_.data();
    config.arena = arena_.data();
    config.release_public_key = key_.data();
    wire_port();
}

void DeviceWorld::wire_port() {
    port.context = this;
    port.flash = flash.port();
    port.verify_es256 = fr_host_verify_es256;
    port.random32 = [](void* context) {
        auto& state = world_of(context).random_;
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        return state;
    };
    port.publish = [](void* context, fr_up_kind_t kind, const std::uint8_t* payload,
                      std::size_t size) {
        auto& world = world_of(context);
        if (!world.is_connected || !world.publish_works || world.flash.is_cut()) {
            return false;
        }
        world.ups.push_back({kind, base::Bytes(payload, payload + size)});
        return true;
    };
    port.subscribe_shared = [](void* context, const std::uint8_t* artifact) {
        auto& digest = world_of(context).subscribed.emplace_back();
        std::copy_n(artifact, digest.size(), digest.begin());
    };
    port.unsubscribe_shared = [](void* context, const std::uint8_t*) {
        world_of(context).unsubscribed += 1;
    };
    port.environment = [](void* context, fr_environment_t* environment) {
        environment->battery_half_percent = world_of(context).battery;
        environment->rtt_ms = world_of(context).rtt_ms;
    };
    port.decided = [](void* context, const fr_decision_t* decision) {
        world_of(context).decided.push_back(*decision);
    };
    port.phase_changed = [](void* context, std::uint32_t, fr_phase_t phase, fr_reason_t) {
        world_of(context).phases.push_back(phase);
    };
}

fr_status_t DeviceWorld::boot() {
    is_connected = false;
    ups.clear();
    downs.clear();
    now_ms = 1000;
    return fr_node_boot(&node, &config, &port, now_ms);
}

void DeviceWorld::connect() {
    is_connected = true;
    fr_node_on_connected(&node, now_ms);
    settle();
}

void DeviceWorld::disconnect() {
    is_connected = false;
    ups.clear();
    downs.clear();
    fr_node_on_disconnected(&node, now_ms);
}

void DeviceWorld::settle() {
    for (int i = 0; i < 100000 && (!ups.empty() || !downs.empty()); ++i) {
        if (!ups.empty()) {
            const Up up = std::move(ups.front());
            ups.pop_front();
            if (lose_up && lose_up(up)) {
                continue;
            }
            for (auto& down : site.receive(up.kind, up.payload)) {
                if (!lose_down || !lose_down(down)) {
                    downs.push_back(std::move(down));
                }
            }
        } else {
            const Down down = std::move(downs.front());
            downs.pop_front();
            if (!flash.is_cut()) {
                fr_node_on_message(&node, down.kind, down.payload.data(), down.payload.size(),
                                   now_ms);
            }
        }
    }
}

void DeviceWorld::run(std::uint64_t duration_ms) {
    const auto until = now_ms + duration_ms;
    for (int i = 0; i < 100000 && !flash.is_cut(); ++i) {
        settle();
        const auto due = fr_node_next_deadline(&node);
        if (due > until) {
            break;
        }
        now_ms = std::max(now_ms, due);
        fr_node_tick(&node, now_ms);
        FRUGAL_ASSERT(i < 99999);
    }
    now_ms = until;
    settle();
}

fr_status_t DeviceWorld::submit(std::uint32_t deadline_ms, fr_privacy_t privacy,
                                std::uint32_t task) {
    std::vector<std::uint8_t> input(tasks_[0].input_bytes);
    ++samples;
    for (std::size_t i = 0; i < input.size(); ++i) {
        input[i] = static_cast<std::uint8_t>(samples * 31U + i * (samples % 13U));
    }
    const fr_submission_t submission{task, input.data(), input.size(), deadline_ms, privacy};
    return fr_node_submit(&node, &submission, now_ms, &last);
}

void DeviceWorld::tell() {
    downs.push_back(site.desired());
    settle();
}

void DeviceWorld::want(const Release& release) {
    site.want(release);
    tell();
}

void DeviceWorld::install(const Release& release) {
    site.want(release);
    if (is_connected) {
        const auto desired = site.desired();
        fr_node_on_message(&node, desired.kind, desired.payload.data(), desired.payload.size(),
                           now_ms);
    } else {
        connect();
    }
    run(60000);
    for (std::uint32_t i = 0; i < FR_PROBATION_DECISIONS; ++i) {
        (void)submit();
        run(10);
    }
    run(10000);
}

fr_task_status_t DeviceWorld::status(std::uint32_t task) const {
    fr_task_status_t status{};
    FRUGAL_ASSERT(fr_node_task_status(&node, task, &status) == FR_OK);
    return status;
}

}  // namespace frugal::test
