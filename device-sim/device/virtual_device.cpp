// SPDX-License-Identifier: Apache-2.0
#include "device-sim/device/virtual_device.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace frugal::swarm {
namespace {

constexpr std::size_t kEscalatedLabelsMax = 64;
/// Shorter than a field device would choose: whoever watches a demo wants to see energy and bytes.
constexpr std::uint32_t kHealthIntervalMs = 10'000;

VirtualDevice& self(void* context) {
    return *static_cast<VirtualDevice*>(context);
}

FlashMemory empty_flash() {
    return std::move(*FlashMemory::create(4096, 4096, std::nullopt));
}

}  // namespace

VirtualDevice::VirtualDevice(DeviceEnvironment& environment, Settings settings, DeviceHost& host)
    : environment_(environment),
      settings_(std::move(settings)),
      host_(host),
      flash_(empty_flash()),
      energy_(*settings_.profile, derive_seed(settings_.seed, "energy")),
      sensor_random_(derive_seed(settings_.seed, "sensor")),
      node_random_(settings_.node_seed) {}

Result<std::unique_ptr<VirtualDevice>> VirtualDevice::create(DeviceEnvironment& environment,
                                                             Settings settings, DeviceHost& host) {
    std::unique_ptr<VirtualDevice> device(
        new VirtualDevice(environment, std::move(settings), host));
    device->fill_config();
    const std::uint32_t sector = device->profile().sector_bytes;
    const std::uint32_t size = fr_node_flash_size(&device->config_, sector);
    if (size == 0) {
        return fail("the node library refuses the configuration of " + device->name());
    }
    auto flash = FlashMemory::create(size, sector, device->settings_.flash_file);
    if (!flash) {
        return tl::unexpected<Error>(flash.error());
    }
    device->flash_ = std::move(*flash);
    device->fill_port();
    return device;
}

void VirtualDevice::fill_config() {
    const DeviceProfile& profile = *settings_.profile;
    config_.site = environment_.site.c_str();
    config_.device = settings_.name.c_str();
    config_.device_class = profile.name.data();
    config_.release_public_key = environment_.release_key.data();
    config_.policy_public_key = environment_.policy_key.data();
    config_.tasks = &environment_.task;
    config_.task_count = 1;
    config_.operators = &fr_operators_all;
    config_.profiles = &fr_profiles_all;
    config_.bonsai = &fr_bonsai_kernel;
    config_.arena = environment_.arena.data();
    config_.arena_bytes = profile.arena_bytes;
    config_.slot_bytes = profile.slot_bytes;
    config_.in_place = environment_.one_slot ? &fr_in_place : nullptr;
    config_.reach_bytes = FR_REACH_BYTES;
    config_.staging_bytes = profile.staging_bytes;
    config_.block_bytes = profile.block_bytes;
    config_.fetch_credit = environment_.fetch_credit;
    config_.decision_sectors = environment_.decision_sectors;
    config_.features_bytes_max = profile.features_bytes_max;
    config_.decision_flush_ms = environment_.decision_flush_ms;
    config_.ack_timeout_ms = environment_.ack_timeout_ms;
    config_.fetch_timeout_ms = environment_.fetch_timeout_ms;
    config_.health_interval_ms = kHealthIntervalMs;
    config_.radio_nj_per_byte = static_cast<std::uint32_t>(profile.radio.byte_uj * 1000);
    config_.radio_uj_per_message = static_cast<std::uint32_t>(profile.radio.event_uj);
}

void VirtualDevice::fill_port() {
    port_.context = this;
    port_.flash = flash_.port();
    port_.verify_es256 = [](void* context, const std::uint8_t key[65],
                            const std::uint8_t digest[32], const std::uint8_t signature[64]) {
        return self(context).environment_.verifier->verify(key, digest, signature);
    };
    port_.random32 = [](void* context) {
        return static_cast<std::uint32_t>(self(context).node_random_.next() >> 32);
    };
    port_.publish = [](void* context, fr_up_kind_t kind, const std::uint8_t* payload,
                       std::size_t size) {
        VirtualDevice& device = self(context);
        return device.flash_.has_power() && device.host_.send(kind, {payload, size});
    };
    port_.subscribe_shared = [](void* context, const std::uint8_t artifact[32]) {
        self(context).host_.join_shared({artifact, 32});
    };
    port_.unsubscribe_shared = [](void* context, const std::uint8_t artifact[32]) {
        self(context).host_.leave_shared({artifact, 32});
    };
    port_.environment = [](void* context, fr_environment_t* environment) {
        VirtualDevice& device = self(context);
        environment->battery_half_percent = device.energy_.battery_half_percent();
        environment->rssi_dbm = device.profile().radio.rssi_dbm;
        environment->rtt_ms = device.host_.rtt_ms();
    };
    port_.decided = [](void* context, const fr_decision_t* decision) {
        self(context).decided(*decision);
    };
    port_.phase_changed = [](void* context, std::uint32_t task, fr_phase_t phase,
                             fr_reason_t reason) {
        VirtualDevice& device = self(context);
        if (device.flash_.has_power()) {
            device.host_.on_phase(task, phase, reason);
        }
    };
}

std::uint64_t VirtualDevice::node_time(Milliseconds now) const {
    return static_cast<std::uint64_t>(std::max<std::int64_t>((now - booted_at_).count(), 0));
}

Result<void> VirtualDevice::boot(Milliseconds now) {
    flash_.restore_power();
    booted_at_ = now;
    is_booted_ = true;
    escalated_labels_.clear();
    const fr_status_t status = fr_node_boot(&node_, &config_, &port_, 0);
    if (status != FR_OK) {
        is_booted_ = false;
        return fail("the node library does not boot " + name(),
                    fmt::format("status {}", static_cast<int>(status)));
    }
    // Below are the journal of states and the decisions; above, what updates write.
    flash_.set_boundary(node_.layout.journal);
    return {};
}

void VirtualDevice::lose_power() {
    flash_.cut_power();
    is_booted_ = false;
}

void VirtualDevice::cut_power_after(std::uint64_t operations) {
    flash_.cut_power_after(operations, node_random_.next());
}

void VirtualDevice::on_connected(Milliseconds now) {
    if (is_alive()) {
        fr_node_on_connected(&node_, node_time(now));
    }
}

void VirtualDevice::on_disconnected(Milliseconds now) {
    if (is_alive()) {
        fr_node_on_disconnected(&node_, node_time(now));
    }
}

void VirtualDevice::on_message(fr_down_kind_t kind, ByteView payload, Milliseconds now) {
    if (is_alive()) {
        fr_node_on_message(&node_, kind, payload.data(), payload.size(), node_time(now));
    }
}

void VirtualDevice::tick(Milliseconds now) {
    if (is_alive()) {
        fr_node_tick(&node_, node_time(now));
    }
}

std::optional<Milliseconds> VirtualDevice::next_deadline() const {
    const std::uint64_t deadline = is_alive() ? fr_node_next_deadline(&node_) : FR_NEVER;
    if (deadline == FR_NEVER) {
        return std::nullopt;
    }
    return booted_at_ + Milliseconds{static_cast<std::int64_t>(deadline)};
}

void VirtualDevice::say_bye(std::uint32_t next_wake_s, Milliseconds now) {
    if (is_alive()) {
        fr_node_say_bye(&node_, next_wake_s, node_time(now));
    }
}

Bytes VirtualDevice::will() const {
    Bytes payload(16);
    payload.resize(fr_node_will(&node_, payload.data()));
    return payload;
}

VirtualDevice::SampleOutcome VirtualDevice::sample(Milliseconds now) {
    if (!is_alive()) {
        return SampleOutcome::kFailed;
    }
    Sample sample;
    environment_.sensor->measure(sensor_random_, sample);
    if (!task_status().has_model) {
        return SampleOutcome::kNoModel;
    }
    energy_.sleep_until(now);
    const std::uint64_t work = node_.tasks[0].loaded.model.work;
    charge_uj(FR_USE_INFERENCE, energy_.spend_inference_uj(work));
    settle_energy();
    fr_submission_t submission{};
    submission.task = environment_.task.task;
    submission.input = sample.input.data();
    submission.input_size = sample.input.size();
    submission.deadline_ms = environment_.deadline_ms;
    submission.privacy = environment_.task.privacy;
    fr_submit_result_t result{};
    label_in_submit_ = sample.label;
    const fr_status_t status = fr_node_submit(&node_, &submission, node_time(now), &result);
    label_in_submit_.reset();
    if (status != FR_OK) {
        return status == FR_ERROR_STATE ? SampleOutcome::kNoModel : SampleOutcome::kFailed;
    }
    if (result.escalated && escalated_labels_.size() < kEscalatedLabelsMax) {
        escalated_labels_[result.sequence] = sample.label;
    }
    if (!result.escalated) {
        raw_bytes_kept_ += sample.input.size();
        avoided_uj_ += energy_.upload_uj(sample.input.size());
    }
    return result.escalated ? SampleOutcome::kEscalated : SampleOutcome::kDecided;
}

void VirtualDevice::settle_energy() {
    charge_uj(FR_USE_DECISIONS, energy_.spend_flash_uj(flash_.take_wear_below()));
    charge_uj(FR_USE_UPDATES, energy_.spend_flash_uj(flash_.take_wear_above()));
    for (std::size_t use = 0; use < uncharged_uj_.size(); ++use) {
        const double whole_uj = std::min(std::floor(uncharged_uj_[use]), double{UINT32_MAX});
        uncharged_uj_[use] -= whole_uj;
        fr_node_add_energy(&node_, static_cast<fr_use_t>(use),
                           static_cast<std::uint32_t>(whole_uj));
    }
}

void VirtualDevice::decided(const fr_decision_t& decision) {
    if (!flash_.has_power()) {
        return;
    }
    const auto escalated = escalated_labels_.find(decision.sequence);
    if (escalated != escalated_labels_.end()) {
        const int label = escalated->second;
        escalated_labels_.erase(escalated);
        host_.on_decided(decision, label);
        return;
    }
    host_.on_decided(decision, label_in_submit_);
}

void VirtualDevice::read_log(std::uint64_t from,
                             const std::function<void(const fr_decision_t&)>& use) const {
    const fr_decision_log_t& log = node_.decisions;
    fr_decision_cursor_t cursor{};
    const std::uint64_t first = std::max(from, log.oldest_sequence);
    if (first >= log.next_sequence || fr_decision_log_seek(&log, first, &cursor) != FR_OK) {
        return;
    }
    fr_decision_record_t record{};
    while (fr_decision_log_read(&log, &cursor, &record, nullptr) == FR_OK) {
        if (record.is_final == 0) {
            continue;
        }
        fr_decision_t decision{};
        decision.sequence = record.sequence;
        decision.boot_epoch = record.boot_epoch;
        decision.ticks = record.ticks;
        decision.task = config_.tasks[record.task_index].task;
        decision.release = record.release;
        decision.energy_uj = record.energy_uj;
        decision.class_id = record.class_id;
        decision.confidence_q8 = static_cast<std::uint8_t>(255 - record.doubt);
        decision.local_class = record.local_class;
        decision.local_confidence_q8 = static_cast<std::uint8_t>(255 - record.local_doubt);
        decision.tier = record.outcome >> 4;
        decision.reason = record.outcome & 15;
        use(decision);
    }
}

fr_task_status_t VirtualDevice::task_status() const {
    fr_task_status_t status{};
    if (!is_booted_ || fr_node_task_status(&node_, environment_.task.task, &status) != FR_OK) {
        status.active_slot = -1;
        status.confirmed_slot = -1;
    }
    return status;
}

}  // namespace frugal::swarm
