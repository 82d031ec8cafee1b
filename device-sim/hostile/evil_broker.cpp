// SPDX-License-Identifier: Apache-2.0
#include "device-sim/hostile/evil_broker.hpp"

#include <pb_decode.h>
#include <pb_encode.h>

#include <memory>

#include "frugal/v1/downlink.pb.h"
#include "frugal/v1/manifest.pb.h"

namespace frugal::swarm {
namespace {

using DesiredPointer = std::unique_ptr<frugal_v1_Desired>;

DesiredPointer decode(const Bytes& payload) {
    auto desired = std::make_unique<frugal_v1_Desired>();
    pb_istream_t stream = pb_istream_from_buffer(payload.data(), payload.size());
    return pb_decode(&stream, frugal_v1_Desired_fields, desired.get()) ? std::move(desired)
                                                                       : nullptr;
}

Bytes encode(const frugal_v1_Desired& desired) {
    Bytes payload(8192);
    pb_ostream_t stream = pb_ostream_from_buffer(payload.data(), payload.size());
    payload.resize(pb_encode(&stream, frugal_v1_Desired_fields, &desired) ? stream.bytes_written
                                                                          : 0);
    return payload;
}

/// The anti-rollback counter of the first task's manifest; absent if there is none.
std::optional<std::uint32_t> counter_of(const frugal_v1_Desired& desired) {
    if (desired.tasks_count == 0 || !desired.tasks[0].has_manifest) {
        return std::nullopt;
    }
    const auto& content = desired.tasks[0].manifest.content;
    frugal_v1_Manifest manifest = frugal_v1_Manifest_init_zero;
    pb_istream_t stream = pb_istream_from_buffer(content.bytes, content.size);
    return pb_decode(&stream, frugal_v1_Manifest_fields, &manifest)
               ? std::optional(manifest.counter)
               : std::nullopt;
}

}  // namespace

std::vector<DownMessage> EvilBroker::pass(DownMessage message, std::uint32_t burned_counter) {
    std::vector<DownMessage> passed;
    std::optional<DownMessage> extra;
    if (scenario_.attack == Attack::kBadSignature && message.kind == FR_DOWN_DESIRED) {
        break_signature(message);
    } else if (scenario_.attack == Attack::kBadBlock &&
               (message.kind == FR_DOWN_CHUNK || message.kind == FR_DOWN_SHARED_CHUNK)) {
        spoil_block(message);
    } else if (scenario_.attack == Attack::kDowngrade) {
        extra = replay(message, burned_counter);
    }
    passed.push_back(std::move(message));
    if (extra) {
        passed.push_back(std::move(*extra));
    }
    return passed;
}

void EvilBroker::break_signature(DownMessage& message) {
    const DesiredPointer desired = decode(message.payload);
    if (!desired || !counter_of(*desired)) {
        return;
    }
    for (pb_size_t i = 0; i < desired->tasks_count; ++i) {
        auto& signature = desired->tasks[i].manifest.signature;
        if (signature.size > 0) {
            signature.bytes[random_.below(signature.size)] ^=
                static_cast<pb_byte_t>(1u << random_.below(8));
        }
    }
    message.payload = encode(*desired);
    ++strikes_;
}

void EvilBroker::spoil_block(DownMessage& message) {
    if (!message.payload.empty() && random_.chance(scenario_.probability)) {
        message.payload.back() ^= static_cast<std::uint8_t>(1 + random_.below(255));
        ++strikes_;
    }
}

std::optional<DownMessage> EvilBroker::replay(const DownMessage& message,
                                              std::uint32_t burned_counter) {
    if (message.kind == FR_DOWN_DESIRED && recorded_.empty()) {
        const DesiredPointer desired = decode(message.payload);
        if (const auto counter = desired ? counter_of(*desired) : std::nullopt) {
            recorded_ = message.payload;
            recorded_counter_ = *counter;
        }
        return std::nullopt;
    }
    if (recorded_.empty() || has_struck() || burned_counter <= recorded_counter_) {
        return std::nullopt;
    }
    const DesiredPointer old = decode(recorded_);
    old->version += 1'000'000;  // newer than anything the gateway says
    ++strikes_;
    return DownMessage{FR_DOWN_DESIRED, encode(*old)};
}

}  // namespace frugal::swarm
