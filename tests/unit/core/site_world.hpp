// SPDX-License-Identifier: Apache-2.0
// A site in memory for the core's tests: a Tick, a disk that commits when told to, devices that say
// what a test makes them say. One per test.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "core/tick.hpp"

namespace frugal::core {

inline base::DeviceId device_id(std::string_view text) {
    return *base::DeviceId::parse(text);
}
inline base::ModelName model_name(std::string_view text) {
    return *base::ModelName::parse(text);
}
inline base::Digest digest_of(std::uint8_t fill) {
    base::Digest digest{};
    digest.fill(fill);
    return digest;
}

/// A manifest really signed by a key made for the test, and really parsed.
ManifestPointer signed_manifest(ManifestContent content);
SignedPointer signed_policy(std::string_view content);
ManifestContent manifest_content(std::string_view model, std::uint32_t release,
                                 std::uint32_t counter, std::string_view device_class = "m4");
Capability capability(std::string_view device_class = "m4");
Hello hello(std::string_view device, std::uint64_t stream = 7);
Decisions decisions(std::uint64_t first, std::uint32_t count, std::uint64_t stream = 7);

class SiteWorld {
public:
    explicit SiteWorld(const CoreConfig& config = {}, Snapshot snapshot = {});

    /// Adds and enrols a device through the core's own commands.
    void enrol(const std::string& device);
    /// Imports a release of model "net" whose artifact has 10 blocks of 512 bytes.
    void import(std::uint32_t release, std::uint32_t counter, std::uint8_t model_fill,
                std::uint32_t task = 1);
    RolloutDeviceRecord standing(base::RolloutId rollout, const std::string& device);

    void say(const std::string& device, UpMessage message);
    void give(Event event);
    /// Sends a command and, unless the disk is held, returns its reply.
    base::Result<AdminReply> ask(AdminCommand command, const std::string& actor = "ada");
    template <typename Value>
    Value get(AdminCommand command) {
        auto reply = ask(std::move(command));
        EXPECT_TRUE(reply) << (reply ? "" : reply.error().describe());
        return std::get<Value>(std::move(reply.value()));  // ends the test if it is an error
    }

    /// Lets time pass, waking the core at its deadlines.
    void advance(base::Duration duration);

    /// While held, commits stay in flight until commit().
    void hold_disk() { is_disk_held_ = true; }
    void commit();
    void fail_commit();
    bool is_committing() const { return pending_.has_value(); }
    const WriteBatch& pending() const { return *pending_->batch; }

    /// Everything performed since the last take.
    std::vector<Effect> take();
    /// What was sent to a device since the last take of that kind.
    template <typename Message>
    std::vector<Message> sent(const std::string& device) {
        std::vector<Message> found;
        for (const auto& effect : effects) {
            const auto* send = std::get_if<Send>(&effect);
            if (send != nullptr && send->device.text() == device &&
                std::holds_alternative<Message>(send->message)) {
                found.push_back(std::get<Message>(send->message));
            }
        }
        return found;
    }
    template <typename Kind>
    std::vector<const Kind*> performed() const {
        std::vector<const Kind*> found;
        for (const auto& effect : effects) {
            if (const auto* kind = std::get_if<Kind>(&effect)) {
                found.push_back(kind);
            }
        }
        return found;
    }
    template <typename Record>
    std::vector<Record> written() const {
        std::vector<Record> found;
        for (const auto& batch : committed) {
            for (const auto& record : batch->records) {
                if (const auto* alternative = std::get_if<Record>(&record)) {
                    found.push_back(*alternative);
                }
            }
        }
        return found;
    }
    std::size_t stored_decisions() const;

    base::Now now;
    Tick tick;
    std::vector<Effect> effects;
    std::vector<std::shared_ptr<const WriteBatch>> committed;

private:
    void absorb(TickOutput output);
    void answer_effects(std::size_t from);

    bool is_disk_held_ = false;
    std::optional<CommitRequest> pending_;
    std::uint64_t next_request_ = 1;
};

}  // namespace frugal::core
