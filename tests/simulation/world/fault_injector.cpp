// SPDX-License-Identifier: Apache-2.0
#include "simulation/world/fault_injector.hpp"

#include <cmath>

#include <fmt/format.h>

#include "frugal/v1/downlink.pb.h"
#include "frugal/v1/manifest.pb.h"
#include "support/device/release_maker.hpp"

namespace frugal::simulation {

namespace {
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
constexpr std::int64_t kTenYears_ms = 10LL * 365 * 24 * 3600 * 1000;
}  // namespace

FaultInjector::FaultInjector(const Context& context, GatewayHost& gateway, MemoryDisk& disk,
                             Devices& devices, const Operator& person,
                             std::function<void(DeviceHost&)> add_clone, std::uint64_t seed)
    : context_(context),
      gateway_(gateway),
      disk_(disk),
      devices_(devices),
      person_(person),
      add_clone_(std::move(add_clone)),
      rng_(seed) {}

void FaultInjector::start() {
    for (std::size_t i = 0; i < kFaultKinds; ++i) {
        if (context_.options.faults[i]) {
            kinds_.push_back(static_cast<FaultKind>(i));
        }
    }
    context_.network.tamper = [this](const Client& client, Packet& packet) {
        tamper(client, packet);
    };
    if (!kinds_.empty()) {
        plan();
    }
}

void FaultInjector::plan() {
    const auto mean = static_cast<double>(context_.options.fault_interval.count());
    const auto wait = -std::log(1.0 - rng_.uniform()) * mean;
    context_.timeline.after(base::Duration(static_cast<std::int64_t>(wait)), [this] {
        if (!is_stopped_) {
            inject(kinds_[rng_.below(kinds_.size())]);
            plan();
        }
    });
}

base::Duration FaultInjector::up_to(base::Duration longest) {
    return base::Duration(
        static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(longest.count()))));
}

DeviceHost& FaultInjector::any_device() {
    return *devices_[rng_.below(devices_.size())];
}

void FaultInjector::inject(FaultKind kind) {
    context_.trace.note(fmt::format("fault {}", to_string(kind)));
    context_.trace.fault(to_string(kind).data());
    if (!inject_network(kind) && !inject_gateway(kind) && !inject_disk(kind)) {
        inject_device(kind);
    }
}

bool FaultInjector::inject_network(FaultKind kind) {
    auto& network = context_.network;
    switch (kind) {
        case FaultKind::kClog:
            network.clog(any_device().index(), rng_.chance(0.5), up_to(seconds(60)));
            return true;
        case FaultKind::kFlap:
            network.break_session(any_device().index(), true);
            return true;
        case FaultKind::kHalfOpen:
            network.break_session(any_device().index(), false);
            return true;
        case FaultKind::kBrokerRestart:
            network.restart_broker(up_to(seconds(20)));
            if (context_.options.plant == Plant::kNoReconnect) {
                network.forbid_reconnect();
            }
            return true;
        case FaultKind::kReplay:
            network.replay(rng_);
            return true;
        case FaultKind::kEvilManifest:
            evil_manifests_ += 2;
            return true;
        case FaultKind::kEvilPolicy:
            evil_policies_ += 2;
            return true;
        case FaultKind::kEvilChunk:
            evil_chunks_ += 3;
            return true;
        default:
            return false;
    }
}

bool FaultInjector::inject_gateway(FaultKind kind) {
    switch (kind) {
        case FaultKind::kGatewayKill:
            gateway_.crash(false);
            return true;
        case FaultKind::kPowerLoss:
            gateway_.crash(true);
            return true;
        case FaultKind::kCrashBeforeCommit:
            gateway_.arm(CrashPoint::kBeforeCommit);
            return true;
        case FaultKind::kCrashAfterCommit:
            gateway_.arm(CrashPoint::kAfterCommit);
            return true;
        case FaultKind::kCrashHalfEffects:
            gateway_.arm(CrashPoint::kHalfEffects);
            return true;
        case FaultKind::kClockJump:
            gateway_.jump_wall_clock(static_cast<std::int64_t>(rng_.below(2 * kTenYears_ms)) -
                                     kTenYears_ms);
            return true;
        case FaultKind::kSlowEdge:
            gateway_.set_slow_edge(true);
            context_.timeline.after(up_to(minutes(1)), [this] { gateway_.set_slow_edge(false); });
            return true;
        case FaultKind::kHungEdge:
            gateway_.hang_edge(up_to(seconds(40)));
            return true;
        case FaultKind::kAmnesia:
            if (gateway_.has_backup() && rng_.chance(0.5)) {
                gateway_.restore_backup();
            } else if (gateway_.is_idle()) {
                gateway_.take_backup();
            }
            return true;
        default:
            return false;
    }
}

bool FaultInjector::inject_disk(FaultKind kind) {
    switch (kind) {
        case FaultKind::kCrashInCommit:
            disk_.arm(DiskFault::kCrash, rng_.below(12));
            return true;
        case FaultKind::kSyncError:
            disk_.arm(DiskFault::kSyncError, rng_.below(4));
            if (rng_.chance(0.3)) {
                // And nobody is left to remember that the commit failed.
                gateway_.arm(CrashPoint::kAfterCommit);
            }
            return true;
        case FaultKind::kLostFlush:
            // Nobody is left to remember that it failed, and what was not written is cached still.
            disk_.arm(DiskFault::kSyncError, rng_.below(4));
            gateway_.arm(CrashPoint::kAfterFailedCommit);
            context_.timeline.after(up_to(seconds(60)), [this] {
                if (!is_stopped_) {
                    gateway_.crash(true);
                }
            });
            return true;
        case FaultKind::kWriteError:
            disk_.arm(DiskFault::kWriteError, rng_.below(12));
            return true;
        case FaultKind::kReadError:
            disk_.arm(DiskFault::kReadError, rng_.below(6));
            return true;
        case FaultKind::kDiskFull:
            disk_.set_quota(disk_.size() + rng_.below(8192));
            context_.timeline.after(up_to(seconds(40)), [this] { disk_.set_quota(UINT64_MAX); });
            return true;
        default:
            return false;
    }
}

void FaultInjector::inject_device(FaultKind kind) {
    auto& device = any_device();
    if (!device.is_alive()) {
        return;
    }
    switch (kind) {
        case FaultKind::kPowerCut:
            device.cut_power_after(rng_.below(rng_.chance(0.5) ? 40 : 2000),
                                   static_cast<test::Tear>(rng_.below(4)));
            break;
        case FaultKind::kReboot:
            device.reset();
            break;
        case FaultKind::kBootLoop:
            boot_loop();
            break;
        case FaultKind::kWipe:
            if (!device.is_cloned()) {
                device.wipe();
            }
            break;
        case FaultKind::kClone:
            if (!has_clone_) {
                has_clone_ = true;
                add_clone_(device);
            }
            break;
        case FaultKind::kDrought:
            device.cut_off(up_to(minutes(6)));
            break;
        case FaultKind::kGarbage:
            device.send_garbage(rng_);
            break;
        case FaultKind::kImpostor:
            device.claim_to_be(devices_[0]->name() == device.name() ? devices_[1]->name()
                                                                    : devices_[0]->name());
            break;
        default:
            break;
    }
}

/// A model that crashes its device: every boot inside the probation ends in a reset.
void FaultInjector::boot_loop() {
    for (auto& device : devices_) {
        if (device->is_alive() && device->status().phase == FR_PHASE_PROBATION) {
            for (std::uint32_t i = 0; i <= FR_BOOT_ATTEMPTS_MAX && device->is_alive(); ++i) {
                device->reset();
            }
            return;
        }
    }
}

// The evil broker -------------------------------------------------------------------------------

void FaultInjector::tamper(const Client&, Packet& packet) {
    if (evil_manifests_ > 0 && packet.topic.ends_with("/down/desired")) {
        --evil_manifests_;
        tamper_manifest(packet);
    } else if (evil_policies_ > 0 && packet.topic.ends_with("/down/desired")) {
        --evil_policies_;
        tamper_policy(packet);
    } else if (evil_chunks_ > 0 && packet.topic.find("/chunk") != std::string::npos) {
        --evil_chunks_;
        v1::Chunk chunk;
        chunk.ParseFromArray(packet.payload.data(), static_cast<int>(packet.payload.size()));
        auto* content = chunk.mutable_content();
        if (!content->empty()) {
            (*content)[rng_.below(content->size())] ^= static_cast<char>(1U << rng_.below(8));
        }
        packet.payload = test::serialize(chunk);
        context_.trace.sometimes("block altered by the broker");
    }
}

// Alters what is signed or its signature, or puts an older signed manifest in its place.
void FaultInjector::tamper_manifest(Packet& packet) {
    v1::Desired desired;
    desired.ParseFromArray(packet.payload.data(), static_cast<int>(packet.payload.size()));
    for (auto& task : *desired.mutable_tasks()) {
        if (!task.has_manifest() || task.manifest().content().empty()) {
            continue;
        }
        auto& blob = *task.mutable_manifest();
        const auto& old = person_.manifests();
        if (rng_.chance(0.4) && !old.empty()) {
            const auto& other = *old[rng_.below(old.size())];
            blob.set_content(other.content().data(), other.content().size());
            blob.set_signature(other.signature().data(), other.signature().size());
            context_.trace.sometimes("older manifest played back");
        } else if (rng_.chance(0.5)) {
            (*blob.mutable_signature())[rng_.below(64)] ^= 1;
            context_.trace.sometimes("signature altered by the broker");
        } else {
            v1::Manifest manifest;
            manifest.ParseFromString(blob.content());
            manifest.set_counter(manifest.counter() + 1 +
                                 static_cast<std::uint32_t>(rng_.below(1000)));
            blob.set_content(manifest.SerializeAsString());
            context_.trace.sometimes("manifest altered by the broker");
        }
    }
    packet.payload = test::serialize(desired);
}

// What a thief of the broker can pass for a policy: not signed by whom devices believe, or signed
// and nothing that may come into force.
void FaultInjector::tamper_policy(Packet& packet) {
    v1::Desired desired;
    desired.ParseFromArray(packet.payload.data(), static_cast<int>(packet.payload.size()));
    for (auto& task : *desired.mutable_tasks()) {
        if (!task.has_policy() || task.policy().content().empty()) {
            continue;
        }
        if (rng_.chance(0.3)) {
            play_signed(*task.mutable_policy());
        } else {
            spoil(*task.mutable_policy());
        }
    }
    packet.payload = test::serialize(desired);
}

void FaultInjector::play_signed(v1::SignedBlob& blob) {
    auto& shelf = ReleaseShelf::instance();
    const bool is_old = rng_.chance(0.5);
    const auto first = shelf.policy(1, context_.options.audit);
    const auto& other = is_old ? *first.version.parts[0].blob : shelf.signed_nonsense();
    blob.set_content(other.content().data(), other.content().size());
    blob.set_signature(other.signature().data(), other.signature().size());
    context_.trace.sometimes(is_old ? "older policy played back"
                                    : "signed bytes that are no policy");
}

void FaultInjector::spoil(v1::SignedBlob& blob) {
    base::Bytes content(blob.content().begin(), blob.content().end());
    const char* mark = "";
    switch (rng_.below(4)) {
        case 0:
            content[rng_.below(content.size())] ^= static_cast<std::uint8_t>(1U << rng_.below(8));
            mark = "policy altered by the broker";
            break;
        case 1:
            content.resize(rng_.below(content.size()));
            mark = "policy cut short by the broker";
            break;
        case 2:
            content.resize(FR_POLICY_SIZE_MAX + 1 + rng_.below(200), 0x5A);
            mark = "oversized policy from the broker";
            break;
        default:
            blob.set_signature(ReleaseShelf::instance().foreign_signature(content));
            mark = "policy signed by a stranger";
            break;
    }
    blob.set_content(content.data(), content.size());
    context_.trace.sometimes(mark);
}

}  // namespace frugal::simulation
