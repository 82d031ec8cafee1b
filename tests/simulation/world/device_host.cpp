// SPDX-License-Identifier: Apache-2.0
// The life between two boots: session, sensor, what follows every call. Its board is in
// device_port.cpp, power and misbehaviour in device_power.cpp.
#include "simulation/world/device_host.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/assert.hpp"
#include "frugal/v1/downlink.pb.h"
#include "frugal/v1/uplink.pb.h"
#include "frugal/wire.h"
#include "simulation/world/release_shelf.hpp"

namespace frugal::simulation {

namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kRadioNanojoules = 600;
constexpr std::uint32_t kSmallArena = 8 * 1024;
constexpr std::uint32_t kRoomyArena = kRoomyVariantArena + 1024;

fr_node_config_t config_of(const DevicePlan& plan, const Options& options) {
    fr_node_config_t config{};
    config.site = kSiteName;
    config.device_class = plan.is_large ? "m4" : "tiny";
    config.task_count = options.has_second_task ? 2 : 1;
    config.slot_bytes = plan.is_large ? 48 * 1024 : 12 * 1024;
    config.staging_bytes = config.slot_bytes;
    config.in_place = plan.has_one_slot ? &fr_in_place : nullptr;
    config.reach_bytes = FR_REACH_BYTES;
    config.block_bytes = plan.is_large && options.plant != Plant::kForgetfulStaging ? 1024 : 256;
    config.fetch_credit = options.fetch_credit;
    config.decision_sectors = options.decision_sectors;
    config.features_bytes_max = 1024;
    config.operators = &fr_operators_base;
    config.profiles = &fr_profiles_all;
    const auto small_arena = plan.is_roomy ? kRoomyArena : kSmallArena;
    config.arena_bytes = plan.is_large ? 64 * 1024 : small_arena;
    config.radio_nj_per_byte = kRadioNanojoules;
    return config;
}

std::uint32_t flash_bytes(const DevicePlan& plan, const Options& options) {
    const auto config = config_of(plan, options);
    const auto size = fr_node_flash_size(&config, options.sector_bytes);
    FRUGAL_ASSERT(size != 0);
    return size;
}

}  // namespace

DeviceHost::DeviceHost(const Context& context, const DevicePlan& plan,
                       std::vector<std::uint8_t>& arena)
    : context_(context),
      plan_(plan),
      rng_(plan.seed),
      config_(config_of(plan, context.options)),
      flash_(flash_bytes(plan, context.options), context.options.sector_bytes) {
    FRUGAL_ASSERT(arena.size() >= config_.arena_bytes);
    tasks_[0] = {kTask, kInputBytes, kClasses, FR_PRIVACY_PUBLIC, nullptr, 0};
    tasks_[1] = {kSecondTask, kInputBytes, kClasses, FR_PRIVACY_PUBLIC, nullptr, 0};
    config_.device = plan_.name.c_str();
    config_.tasks = tasks_.data();
    config_.arena = arena.data();
    config_.release_public_key = ReleaseShelf::instance().public_key().data();
    wire_port();
    wire_callbacks();
}

std::uint64_t DeviceHost::now_ms() const {
    return 1 + static_cast<std::uint64_t>((context_.timeline.now() - boot_at_).count()) / 1000;
}

DeviceView DeviceHost::view() const {
    return {plan_.index, plan_.name, node_, context_.options.sector_bytes, is_cloned_};
}

fr_task_status_t DeviceHost::status() const {
    fr_task_status_t status{};
    if (fr_node_task_status(&node_, kTask, &status) != FR_OK) {
        status.phase = FR_PHASE_UNSPECIFIED;
    }
    return status;
}

StreamTruth& DeviceHost::truth() {
    auto& truth = context_.oracle.streams[node_.state.stream];
    truth.device = plan_.name;
    truth.is_cloned = truth.is_cloned || is_cloned_;
    return truth;
}

bool DeviceHost::is_drained() const {
    return is_alive_ && fr_node_acked_sequence(&node_) == fr_node_next_sequence(&node_);
}

// Session ---------------------------------------------------------------------------------------

void DeviceHost::connect_after(base::Duration wait) {
    const auto when = std::max(context_.timeline.now() + wait, cut_off_until_);
    context_.timeline.at(when, [this, life = life_] {
        if (life == life_ && is_alive_ && !is_connected_) {
            context_.network.connect(*this);
        }
    });
}

void DeviceHost::on_session_up() {
    if (!is_alive_) {
        context_.network.leave(*this);
        return;
    }
    is_connected_ = true;
    context_.trace.note(fmt::format("{} connected", plan_.index));
    fr_node_on_connected(&node_, now_ms());
    after_call();
}

void DeviceHost::on_session_down() {
    if (!is_alive_) {
        return;
    }
    if (is_connected_) {
        is_connected_ = false;
        context_.trace.note(fmt::format("{} disconnected", plan_.index));
        fr_node_on_disconnected(&node_, now_ms());
        after_call();
    }
    connect_after(milliseconds(300 + rng_.below(3000)));
}

void DeviceHost::cut_off(base::Duration duration) {
    cut_off_until_ = context_.timeline.now() + duration;
    context_.network.leave(*this);
    on_session_down();
}

void DeviceHost::heal() {
    flash_.cut_at(UINT64_MAX, test::Tear::kClean);
    cut_off_until_ = {};
    if (is_alive_ && !is_connected_) {
        connect_after(milliseconds(100));
    }
}

void DeviceHost::on_packet(const Packet& packet) {
    fr_down_kind_t kind = FR_DOWN_KINDS;
    const auto status = fr_topic_parse_down(packet.topic.data(), packet.topic.size(), kSiteName,
                                            plan_.name.c_str(), &kind);
    if (!is_alive_ || !is_connected_ || status != FR_OK) {
        return;
    }
    const bool has_lost_model =
        node_.tasks[0].loaded.release == 0 && node_.state.tasks[0].burned_counter != 0;
    if (context_.options.plant == Plant::kStarvedAfterLoss && has_lost_model &&
        kind == FR_DOWN_CHUNK) {
        return;
    }
    const auto before = node_.counters;
    context_.trace.note(fmt::format("{} gets {}", plan_.index, static_cast<int>(kind)));
    fr_node_on_message(&node_, kind, packet.payload.data(), packet.payload.size(), now_ms());
    const bool is_new_block = node_.counters.blocks_received != before.blocks_received;
    if (kind == FR_DOWN_SHARED_CHUNK && is_new_block) {
        context_.trace.sometimes("shared chunk used");
    }
    if (node_.counters.blocks_bad != before.blocks_bad) {
        context_.trace.sometimes("bad block thrown away");
    }
    if (kind == FR_DOWN_ACK) {
        note_ack(packet.payload);
    }
    note_prices(kind, packet.payload);
    after_call();
}

void DeviceHost::tell_price(std::uint32_t task, std::uint32_t price) {
    context_.tell([&](Checker& checker) { checker.on_price(plan_.index, task, price); });
}

// As the node takes them: an ack's from whoever is master, a verdict's if it knows whose task it
// is.
void DeviceHost::note_prices(fr_down_kind_t kind, const base::Bytes& payload) {
    v1::Ack ack;
    if (kind == FR_DOWN_ACK &&
        ack.ParseFromArray(payload.data(), static_cast<int>(payload.size())) &&
        ack.stream() == node_.state.stream && ack.fencing_epoch() >= node_.state.fencing_epoch) {
        std::map<std::uint32_t, std::uint32_t> prices;
        for (std::uint32_t i = 0; i < config_.task_count; ++i) {
            prices[tasks_[i].task] = ack.price();
        }
        for (const auto& dearer : ack.dearer()) {
            prices[dearer.task()] = dearer.price();
            context_.trace.sometimes("a price for one task");
        }
        for (const auto& [task, price] : prices) {
            tell_price(task, price);
        }
        if (context_.options.plant == Plant::kOnePrice) {
            node_.tasks[0].price = static_cast<std::uint8_t>(ack.price());
        }
    }
    v1::Verdict verdict;
    fr_decision_cursor_t cursor{};
    if (kind == FR_DOWN_VERDICT &&
        verdict.ParseFromArray(payload.data(), static_cast<int>(payload.size())) &&
        verdict.stream() == node_.state.stream &&
        fr_decision_log_seek(&node_.decisions, verdict.sequence(), &cursor) == FR_OK) {
        tell_price(kTask, verdict.price());  // of the other one nothing is asked
    }
}

// The ack as the node took it.
void DeviceHost::note_ack(const base::Bytes& payload) {
    v1::Ack ack;
    if (flash_.is_cut() || !ack.ParseFromArray(payload.data(), static_cast<int>(payload.size())) ||
        ack.stream() != node_.state.stream || ack.fencing_epoch() < node_.state.fencing_epoch) {
        return;
    }
    if (ack.next_sequence() > node_.decisions.next_sequence) {
        return;
    }
    if (ack.next_sequence() < acked_before_) {
        context_.trace.sometimes("stale ack ignored");
    }
    acked_before_ = std::max<std::uint64_t>(acked_before_, ack.next_sequence());
    if (ack.fencing_epoch() >= context_.oracle.oldest_believed_epoch) {
        auto& stream = truth();
        stream.acked = std::max<std::uint64_t>(stream.acked, ack.next_sequence());
    }
}

// Sensor ----------------------------------------------------------------------------------------

void DeviceHost::plan_sample() {
    const auto mean = static_cast<std::uint64_t>(context_.options.sample_interval.count());
    const auto wait = mean / 2 + rng_.below(mean + 1);
    context_.timeline.after(
        base::Duration(static_cast<std::int64_t>(plan_.is_large ? wait * 4 : wait)),
        [this, life = life_] {
            if (life == life_ && is_alive_) {
                sample();
            }
        });
}

void DeviceHost::sample() {
    if (is_sampling_) {
        std::array<std::uint8_t, kInputBytes> input{};
        for (auto& byte : input) {
            byte = static_cast<std::uint8_t>(rng_.next());
        }
        std::copy(kCanary.begin(), kCanary.end(), input.begin() + 200);
        fr_node_add_energy(&node_, FR_USE_INFERENCE,
                           50 + static_cast<std::uint32_t>(rng_.below(100)));
        const auto deadline_ms = 100 + static_cast<std::uint32_t>(rng_.below(2000));
        const fr_submission_t submission{kTask, input.data(), input.size(), deadline_ms,
                                         FR_PRIVACY_PUBLIC};
        fr_submit_result_t result{};
        const auto status = fr_node_submit(&node_, &submission, now_ms(), &result);
        if (status == FR_OK && result.escalated && !flash_.is_cut()) {
            context_.trace.sometimes("escalated");
            const auto deadline = context_.timeline.now() + milliseconds(deadline_ms);
            // Without a link it was final, and told, before the call came back.
            const auto told = truth().told.find(result.sequence);
            if (told == truth().told.end() || told->second.empty()) {
                context_.tell([&](Checker& checker) {
                    checker.on_submitted(plan_.index, result.sequence, deadline);
                });
            }
        }
        after_call();
    }
    if (is_alive_) {
        plan_sample();
    }
}

// After every call ------------------------------------------------------------------------------

void DeviceHost::after_call() {
    if (flash_.is_cut()) {
        die();
        return;
    }
    if (context_.options.plant == Plant::kAnyTable) {
        node_.tasks[0].loaded.policy_tag = ReleaseShelf::instance().first_model();
    }
    observe();
    context_.tell([this](Checker& checker) { checker.on_step(view()); });
    if (!play_planted_freeze()) {
        plan_wake();
    }
}

void DeviceHost::observe() {
    auto& stream = truth();
    stream.produced = std::max<std::uint64_t>(stream.produced, node_.decisions.next_sequence);
    stream.oldest = std::max<std::uint64_t>(stream.oldest, node_.decisions.oldest_sequence);
}

void DeviceHost::plan_wake() {
    const auto deadline = fr_node_next_deadline(&node_);
    const auto wake = ++wake_;
    if (deadline == FR_NEVER) {
        return;
    }
    const auto now = now_ms();
    // Never in the same instant: a node that is always due would stop the world.
    auto wait = deadline > now ? deadline - now : 1;
    if (context_.options.plant == Plant::kOversleeps) {
        wait += 400;
    }
    context_.timeline.after(milliseconds(wait), [this, wake] {
        if (wake == wake_ && is_alive_) {
            fr_node_tick(&node_, now_ms());
            after_call();
        }
    });
}

}  // namespace frugal::simulation
