// SPDX-License-Identifier: Apache-2.0
// What the gateway does in its world: messages, blocks, inferences, certificates, revocations.
#include <algorithm>

#include <fmt/format.h>

#include "core/offload/policy_comparison.hpp"
#include "frugal/policy.h"
#include "simulation/world/gateway_host.hpp"
#include "simulation/world/release_shelf.hpp"
#include "wire/device_messages.hpp"
#include "wire/topics.hpp"

namespace frugal::simulation {

namespace {
using std::chrono::milliseconds;
constexpr std::int64_t kYear_ms = 365LL * 24 * 3600 * 1000;
}  // namespace

void GatewayHost::publish(const std::string& topic, base::Bytes payload) {
    context_.network.publish({topic, std::move(payload)});
}

void GatewayHost::note_effect(const core::Send& send, std::size_t bytes) {
    if (const auto* ack = std::get_if<core::Ack>(&send.message)) {
        context_.oracle.highest_epoch_sent =
            std::max(context_.oracle.highest_epoch_sent, ack->fencing_epoch);
        context_.trace.note(fmt::format("ack {} to {}", ack->next_sequence, send.device.text()));
    } else if (const auto* desired = std::get_if<core::Desired>(&send.message)) {
        context_.trace.note(fmt::format("desired {} to {}", desired->version, send.device.text()));
        if (on_offer) {
            on_offer(send);
        }
    } else if (const auto* verdict = std::get_if<core::Verdict>(&send.message)) {
        context_.trace.note(fmt::format("verdict {} class {} to {}", verdict->sequence,
                                        verdict->class_id, send.device.text()));
    }
    context_.tell([&](Checker& checker) { checker.on_send(send.device, send.message, bytes); });
}

/// Planted: what comes after the first few policies is kept from the devices, or a staged one goes
/// to too many, or the last one in the shadow stays there, or what is for one device alone is mixed
/// up with what is for all, or one model's tables go to those that run another.
void GatewayHost::play_planted_policy(core::Send& send) {
    constexpr std::uint32_t kLastTold = 4;
    auto* desired = std::get_if<core::Desired>(&send.message);
    if (desired == nullptr) {
        return;
    }
    for (auto& task : desired->tasks) {
        if (context_.options.plant == Plant::kStickyCandidate && task.policy != nullptr &&
            fr_policy_id(task.policy->content().data(), task.policy->content().size()) >
                kLastTold) {
            task.policy = nullptr;
        } else if (context_.options.plant == Plant::kAnyTable && task.policy != nullptr) {
            task.policy = ReleaseShelf::instance().policy_for_first_model(task.policy->content());
        } else if (context_.options.plant == Plant::kWiderShare) {
            widen_share(send.device, task);
        } else if (context_.options.plant == Plant::kStrayOverride ||
                   context_.options.plant == Plant::kLostOverride) {
            mix_up(send.device, task);
        } else if (context_.options.plant == Plant::kKeptShadow) {
            auto& kept = kept_shadows_[send.device.text()];
            kept = task.shadow != nullptr ? task.shadow : kept;
            task.shadow = kept;
        }
    }
}

void GatewayHost::widen_share(const base::DeviceId& device, core::TaskDesired& task) const {
    constexpr std::uint32_t kWidth = 2500;
    const auto version = staged_versions_.find(staged_.version);
    if (staged_.status != core::PolicyRolloutStatus::kRunning ||
        version == staged_versions_.end()) {
        return;
    }
    const auto share = staged_.steps[staged_.step].permyriad;
    if (share != 0 && core::policy_place(device, staged_.version) < share + kWidth) {
        task.policy = version->second.parts.front().blob;
    }
}

void GatewayHost::mix_up(const base::DeviceId& device, core::TaskDesired& task) const {
    const auto own = of_device_.find(device.text());
    if (context_.options.plant == Plant::kLostOverride) {
        task.policy = own != of_device_.end() && of_class_ != nullptr ? of_class_ : task.policy;
    } else if (own == of_device_.end() && !of_device_.empty()) {
        task.policy = of_device_.begin()->second;
    }
}

void GatewayHost::note_staged(const core::WriteBatch& batch) {
    for (const auto& record : batch.records) {
        if (const auto* version = std::get_if<core::PolicyVersionRecord>(&record)) {
            staged_versions_[version->version] = *version;
        } else if (const auto* rollout = std::get_if<core::PolicyRolloutRecord>(&record)) {
            staged_ = *rollout;
        } else if (const auto* policy = std::get_if<core::PolicyRecord>(&record)) {
            const auto& audience = policy->audience;
            if (audience.is_class()) {
                of_class_ = policy->blob;
            } else if (audience.kind == base::Audience::Kind::kDevice && !policy->is_withdrawn) {
                of_device_[audience.name] = policy->blob;
            } else {
                of_device_.erase(audience.name);
            }
        }
    }
}

void GatewayHost::perform_effect(core::Send&& send) {
    play_planted_policy(send);
    auto payload = wire::encode_down(send.message);
    note_effect(send, payload.size());
    publish(wire::down_topic(site_, send.device, wire::kind_of(send.message)), std::move(payload));
}

void GatewayHost::send_again(const core::Send& send) {
    auto copy = send;
    perform_effect(std::move(copy));
}

const base::Bytes* GatewayHost::blob(const base::Digest& digest) {
    auto found = blobs_.find(digest);
    if (found == blobs_.end()) {
        auto bytes = reader_->blob(digest);
        if (!bytes || sha256(*bytes) != digest) {
            context_.trace.sometimes("artifact unreadable");
            return nullptr;
        }
        found = blobs_.emplace(digest, std::move(*bytes)).first;
    }
    return &found->second;
}

void GatewayHost::perform_effect(core::SendBlocks&& send) {
    const auto* bytes = blob(send.artifact);
    if (bytes == nullptr) {
        return;
    }
    const auto topic = send.device ? wire::chunk_topic(site_, *send.device)
                                   : wire::shared_chunk_topic(site_, send.artifact);
    for (const auto block : send.blocks) {
        const auto begin = std::size_t{block} * send.block_bytes;
        if (begin < bytes->size()) {
            const auto length = std::min<std::size_t>(send.block_bytes, bytes->size() - begin);
            publish(topic, wire::encode_chunk(send.artifact, block,
                                              base::ByteView(*bytes).subspan(begin, length)));
        }
    }
}

void GatewayHost::perform_effect(core::Infer&& job) {
    std::vector<base::Result<core::EdgeAnswer>> answers;
    for (const auto& input : job.inputs) {
        answers.push_back(edge_.classify(input.view()));
        if (context_.options.plant == Plant::kRawAtRest) {
            (void)disk_.write(*disk_.open("debug.log"), 0, input.view());
        }
    }
    base::Duration took = milliseconds(1 + rng_.below(8));
    const auto fail = [&answers, this] {
        context_.trace.sometimes("edge model failed");
        answers.assign(answers.size(), base::fail(base::ErrorKind::kInternal, "the engine failed"));
    };
    if (edge_is_slow_ && context_.options.has_second_task) {
        fail();  // at once: this task's model is down, and the other task is as open as before
    } else if (edge_is_slow_) {
        took = milliseconds(50 + rng_.below(4000));
        if (rng_.chance(0.2)) {
            fail();
        }
    }
    if (now().instant < edge_hangs_until_) {
        context_.trace.sometimes("edge model hung");
        took += edge_hangs_until_ - now().instant;
    }
    later(took, [this, work = job.work, answers = std::move(answers), took]() mutable {
        push(core::InferenceDone{work, std::move(answers), took});
    });
}

// The worlds configure no third tier.
void GatewayHost::perform_effect(core::AskCloud&& job) {
    push(core::CloudDone{job.work, base::fail(base::ErrorKind::kUnavailable, "no such server")});
}

void GatewayHost::set_slow_edge(bool is_slow) {
    edge_is_slow_ = is_slow;
    if (tick_ != nullptr) {
        const auto cpu = static_cast<std::uint8_t>(is_slow ? 255 : rng_.below(100));
        push(core::HostLoad{cpu, static_cast<std::uint8_t>(is_slow ? 128 : 0)});
    }
}

void GatewayHost::hang_edge(base::Duration duration) {
    edge_hangs_until_ = now().instant + duration;
}

// As the shell does: the version's own rules for another model. Now and then it takes longer than
// the core lets devices wait for it.
void GatewayHost::perform_effect(core::BindPolicy&& wanted) {
    context_.trace.sometimes("policy made for another model");
    auto form = ReleaseShelf::instance().policy_for_model(wanted.form->content(), wanted.model);
    const bool is_late = wanted.work.value % 4 == 0;
    context_.trace.sometimes(is_late ? "policy made too late" : "policy made in time");
    later(is_late ? base::Duration(std::chrono::seconds(45)) : milliseconds(20),
          [this, work = wanted.work, form = std::move(form)]() mutable {
              push(core::PolicyBound{work, std::move(form)});
          });
}

void GatewayHost::perform_effect(core::IssueCertificate&& job) {
    core::IssuedCertificate issued;
    for (auto& byte : issued.record.serial) {
        byte = static_cast<std::uint8_t>(rng_.next());
    }
    issued.record.not_after = {now().wall.unix_ms + kYear_ms};
    later(milliseconds(20 + rng_.below(200)),
          [this, work = job.work, issued = std::move(issued)]() mutable {
              push(core::CertificateDone{work, std::move(issued)});
          });
}

void GatewayHost::perform_effect(core::PublishRevocations&& request) {
    std::set<std::string> names;
    for (const auto& one : request.revoked) {
        names.insert(one.device.text());
    }
    later(milliseconds(20 + rng_.below(300)),
          [this, names = std::move(names), kick = request.kick, work = request.work] {
              context_.network.deny(names);
              if (kick) {
                  context_.network.kick(kick->text());
              }
              push(core::RevocationDone{work, {}});
          });
}

void GatewayHost::perform_effect(core::Reply&& reply) {
    const auto found = replies_.find(reply.request);
    if (found == replies_.end()) {
        return;
    }
    auto handler = std::move(found->second);
    replies_.erase(found);
    handler(std::move(reply.reply));
}

void GatewayHost::perform_effect(core::Log&& line) {
    for (const auto& field : line.fields) {
        const auto bytes = base::as_bytes(field.value);
        if (std::search(bytes.begin(), bytes.end(), kCanary.begin(), kCanary.end()) !=
            bytes.end()) {
            context_.tell([](Checker& checker) { checker.on_raw_found("a log line"); });
        }
    }
    context_.trace.note(fmt::format("log {}", core::to_string(line.event)));
}

}  // namespace frugal::simulation
