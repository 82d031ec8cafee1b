// SPDX-License-Identifier: Apache-2.0
// The gateway as a device sees it, in its simplest correct form: stores decisions by sequence
// number, acks, tells the desired state, serves blocks, answers escalations. Keeps every promise at
// once, so what a test finds missing is the device's fault. Owned by one test.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "frugal/message.h"
#include "frugal/v1/uplink.pb.h"
#include "support/device/release_maker.hpp"

namespace frugal::test {

struct Down {
    fr_down_kind_t kind;
    base::Bytes payload;
};

struct Stored {
    std::uint32_t boot_epoch = 0;
    std::uint32_t release = 0;
    std::uint32_t ticks = 0;
    std::uint32_t class_id = 0;
    std::uint32_t doubt = 0;
    std::uint32_t outcome = 0;
    bool operator==(const Stored&) const = default;
};

enum class Answer { kEdge, kBusy, kRefused, kSilence };

class SiteModel {
public:
    std::vector<Down> receive(fr_up_kind_t kind, const base::Bytes& payload);

    /// Everything the gateway would say of its own accord now.
    Down desired() const;
    Down ack() const;
    Down chunk(const Release& release, std::uint32_t block) const;

    void want(const Release& release) {
        wanted = release;
        ++version;
    }

    std::optional<Release> wanted;
    std::map<std::uint32_t, Release> also_wanted;  ///< of tasks above 1
    std::optional<v1::SignedBlob> policy;
    std::map<std::uint32_t, v1::SignedBlob> also_policies;  ///< of tasks above 1
    std::optional<v1::SignedBlob> shadow;
    std::uint64_t fencing = 1;
    std::uint32_t version = 0;
    std::uint32_t credit = 64;
    std::uint32_t price = 0;                          ///< of acks and verdicts
    std::map<std::uint32_t, std::uint32_t> dearer{};  ///< task to its own price
    std::uint32_t load = 0;
    std::uint32_t minimum_battery = 0;
    std::uint32_t not_before_ticks = 0;
    bool offers_artifact = true;
    bool acks = true;
    bool hears_decisions = true;  ///< false: they are lost on the way
    Answer answer = Answer::kEdge;
    std::uint32_t edge_class = 7;

    // What it learnt.
    std::uint64_t stream = 0;
    std::uint64_t next_sequence = 0;
    std::map<std::uint64_t, Stored> stored;
    std::uint64_t declared_dropped = 0;
    std::vector<std::string> complaints;  ///< what no correct device does
    std::vector<v1::Report> reports;
    std::optional<v1::Hello> hello;
    std::uint32_t hellos = 0;
    std::uint32_t chunk_bytes_sent = 0;
    std::uint32_t batch_bytes = 0;
    std::uint32_t batched = 0;
    std::uint32_t escalations = 0;
    std::uint32_t may_go_on = 0;  ///< of them, beyond the site
    std::optional<v1::Health> health;

private:
    std::vector<Down> on_hello(const base::Bytes& payload);
    std::vector<Down> on_decisions(const base::Bytes& payload);
    std::vector<Down> on_fetch(const base::Bytes& payload);
    std::vector<Down> on_escalate(const base::Bytes& payload);
    void offer(const Release& release, v1::TaskDesired& task) const;
    /// The delta for a device that runs its base or nobody knows what, else the whole if there is
    /// one.
    const Release& encoding_for_device(const Release& release) const;
    const Release* release_of_artifact(const std::string& digest) const;
    void store(const v1::Decisions& batch);
    void check_canonical(const google::protobuf::MessageLite& message, const base::Bytes& payload);
};

}  // namespace frugal::test
