// SPDX-License-Identifier: Apache-2.0
// The daemon's shell in virtual time: does with Tick, Database and Reader what gateway/app does
// with them, and can die at every boundary in between. Owned by the world; single-threaded. Decides
// nothing itself.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/rng.hpp"
#include "core/tick.hpp"
#include "simulation/disk/memory_vfs.hpp"
#include "simulation/world/context.hpp"
#include "simulation/world/edge_model.hpp"
#include "storage/database.hpp"
#include "storage/reader.hpp"

namespace frugal::simulation {

/// Where the process dies next time it passes.
enum class CrashPoint { kNone, kBeforeCommit, kAfterCommit, kAfterFailedCommit, kHalfEffects };

class GatewayHost {
public:
    using ReplyHandler = std::function<void(base::Result<core::AdminReply>)>;

    GatewayHost(const Context& context, MemoryDisk& disk, std::uint64_t seed);
    ~GatewayHost();
    GatewayHost(const GatewayHost&) = delete;
    GatewayHost& operator=(const GatewayHost&) = delete;

    void start();
    void on_packet(const Packet& packet);
    void on_link(bool is_up);
    /// The handler is called once: with the reply, or with kUnavailable when the process dies.
    void ask(core::AdminCommand command, ReplyHandler handler, std::string actor = "operator");

    // Faults
    void crash(bool loses_power);
    void arm(CrashPoint point) { crash_point_ = point; }
    void jump_wall_clock(std::int64_t by_ms) { wall_offset_ms_ += by_ms; }
    void set_slow_edge(bool is_slow);
    /// The next batches do not come back for so long.
    void hang_edge(base::Duration duration);
    /// Replaces the database by a copy made earlier.
    void take_backup() { backup_ = disk_.image(); }
    bool has_backup() const { return !backup_.empty(); }
    void restore_backup();
    void heal();

    bool is_running() const { return tick_ != nullptr; }
    bool is_idle() const { return tick_ != nullptr && !tick_->has_commit_in_flight(); }
    /// Reads everything back; absent while the database cannot be read.
    std::optional<DatabaseView> read_database();
    /// Planted: offers an aborted release again.
    std::function<void(const core::Send&)> on_offer;
    void send_again(const core::Send& send);

private:
    base::Now now() const;
    core::CoreConfig core_config() const;
    void open();
    bool open_storage();
    void recover_storage();
    void shut();
    void fail_requests();
    void die(bool loses_power);
    void plan_restart();
    void check_loaded();

    void push(core::Event event);
    void step();
    void perform(core::TickOutput output);
    void arm_timer();
    void plan_commit(core::CommitRequest request);
    void commit(const core::CommitRequest& request);
    void on_commit(std::uint64_t id, const base::Result<void>& outcome);
    void play_planted_commit(const core::CommitRequest& request);

    void perform_effect(core::Send&& send);
    void perform_effect(core::SendBlocks&& send);
    void perform_effect(core::Infer&& job);
    void perform_effect(core::AskCloud&& job);
    void perform_effect(core::BindPolicy&& wanted);
    void perform_effect(core::IssueCertificate&& job);
    void perform_effect(core::PublishRevocations&& request);
    void perform_effect(core::Reply&& reply);
    void perform_effect(core::Log&& line);
    void perform_effect(core::Observed&&) {}         // no learner lives in this world
    void perform_effect(core::DecisionsStored&&) {}  // nor needs what it would be told
    void publish(const std::string& topic, base::Bytes payload);
    const base::Bytes* blob(const base::Digest& digest);
    void note_effect(const core::Send& send, std::size_t bytes);
    void play_planted_hello(core::UpMessage& message) const;
    void play_planted_policy(core::Send& send);
    void widen_share(const base::DeviceId& device, core::TaskDesired& task) const;
    void note_staged(const core::WriteBatch& batch);
    void mix_up(const base::DeviceId& device, core::TaskDesired& task) const;
    core::WriteBatch planted(const core::WriteBatch& batch) const;
    void spoil_encodings(core::WriteBatch& batch) const;
    void store_twice(const core::WriteBatch& batch);

    /// Unless the process dies before.
    template <typename Action>
    void later(base::Duration wait, Action action) {
        context_.timeline.after(wait, [this, generation = generation_,
                                       action = std::make_shared<Action>(std::move(action))]() {
            if (generation == generation_) {
                (*action)();
            }
        });
    }

    const Context& context_;
    MemoryDisk& disk_;
    base::Rng rng_;
    base::SiteId site_;
    EdgeModel edge_;
    std::optional<storage::Database> database_;
    std::optional<storage::Reader> reader_;
    std::unique_ptr<core::Tick> tick_;
    std::map<base::Digest, base::Bytes> blobs_;
    std::vector<core::Event> events_;
    bool step_is_planned_ = false;
    std::uint64_t generation_ = 0;  ///< of tick_: answers to an earlier one are dropped
    std::uint64_t timer_ = 0;
    std::uint64_t last_request_ = 0;
    std::map<base::RequestId, ReplyHandler> replies_;
    CrashPoint crash_point_ = CrashPoint::kNone;
    std::int64_t wall_offset_ms_ = 0;
    bool edge_is_slow_ = false;
    base::Instant edge_hangs_until_;
    bool link_is_up_ = false;
    bool is_healed_ = false;
    bool was_unknown_ = false;
    bool has_committed_ = false;  ///< anything since it was opened
    MemoryDisk::Image backup_;

    // What planted bugs are made of.
    core::PolicyRolloutRecord staged_;
    std::map<std::uint32_t, core::PolicyVersionRecord> staged_versions_;
    core::SignedPointer of_class_;                             ///< the newest for whole classes
    std::map<std::string, core::SignedPointer> of_device_;     ///< policies of one device alone
    std::map<std::string, core::SignedPointer> kept_shadows_;  ///< by device
};

}  // namespace frugal::simulation
