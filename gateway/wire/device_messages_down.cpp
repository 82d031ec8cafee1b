// SPDX-License-Identifier: Apache-2.0
// Core type -> protobuf for what the gateway sends: one overload per message.
#include "frugal/v1/downlink.pb.h"
#include "wire/device_messages.hpp"
#include "wire/protobuf.hpp"

namespace frugal::wire {

namespace {

void put(const core::SignedBlob& from, v1::SignedBlob& to) {
    set_bytes(*to.mutable_content(), from.content());
    set_bytes(*to.mutable_signature(), from.signature());
    to.set_key_id(from.key_id());
}

void put(const core::ArtifactOffer& from, v1::ArtifactOffer& to) {
    set_bytes(*to.mutable_digest(), from.digest);
    to.set_size_bytes(from.size_bytes);
    to.set_block_bytes(from.block_bytes);
    set_bytes(*to.mutable_list_digest(), from.list_digest);
    if (from.base_digest) {
        set_bytes(*to.mutable_base_digest(), *from.base_digest);
    }
    to.set_decoder_profile(from.decoder_profile);
    to.set_decoder_ram_bytes(from.decoder_ram_bytes);
    to.set_base_lag_bytes(from.base_lag_bytes);
}

base::Bytes encode(const core::Desired& from) {
    v1::Desired to;
    to.set_fencing_epoch(from.fencing_epoch);
    to.set_version(from.version);
    for (const auto& task : from.tasks) {
        auto& desired = *to.add_tasks();
        desired.set_task(task.task);
        if (task.manifest) {
            put(task.manifest->blob(), *desired.mutable_manifest());
        }
        if (task.artifact) {
            put(*task.artifact, *desired.mutable_artifact());
        }
        if (task.policy) {
            put(*task.policy, *desired.mutable_policy());
        }
        desired.set_minimum_battery_half_percent(task.minimum_battery_half_percent);
        desired.set_not_before_ticks(task.not_before_ticks);
        if (task.shadow) {
            put(*task.shadow, *desired.mutable_shadow());
        }
    }
    return serialize(to);
}

base::Bytes encode(const core::Ack& from) {
    v1::Ack to;
    to.set_stream(from.stream.value);
    to.set_next_sequence(from.next_sequence);
    to.set_fencing_epoch(from.fencing_epoch);
    to.set_price(from.price);
    to.set_load(from.load);
    to.set_credit(from.credit);
    for (const auto& task : from.dearer) {
        auto& price = *to.add_dearer();
        price.set_task(task.task);
        price.set_price(task.price);
    }
    return serialize(to);
}

base::Bytes encode(const core::Verdict& from) {
    v1::Verdict to;
    to.set_stream(from.stream.value);
    to.set_sequence(from.sequence);
    to.set_status(static_cast<v1::VerdictStatus>(from.status));
    to.set_class_id(from.class_id);
    to.set_confidence(from.confidence);
    to.set_tier(static_cast<v1::Tier>(from.tier));
    to.set_price(from.price);
    to.set_load(from.load);
    to.set_retry_after_ms(from.retry_after_ms);
    to.set_edge_model(from.edge_model);
    return serialize(to);
}

base::Bytes encode(const core::Probe& from) {
    v1::Probe to;
    to.set_kind(static_cast<v1::ProbeKind>(from.kind));
    return serialize(to);
}

}  // namespace

core::DownKind kind_of(const core::DownMessage& message) {
    return static_cast<core::DownKind>(message.index());
}

base::Bytes encode_down(const core::DownMessage& message) {
    return std::visit([](const auto& alternative) { return encode(alternative); }, message);
}

base::Bytes encode_chunk(const base::Digest& artifact, std::uint32_t block,
                         base::ByteView content) {
    v1::Chunk to;
    set_bytes(*to.mutable_artifact(), artifact);
    to.set_block(block);
    set_bytes(*to.mutable_content(), content);
    return serialize(to);
}

}  // namespace frugal::wire
