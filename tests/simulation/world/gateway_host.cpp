// SPDX-License-Identifier: Apache-2.0
// The life of the process: opening, the tick, dying. What it stores is in gateway_commits.cpp,
// effects are in gateway_effects.cpp.
#include "simulation/world/gateway_host.hpp"

#include <fmt/format.h>

#include "simulation/world/release_shelf.hpp"
#include "wire/device_messages.hpp"
#include "wire/topics.hpp"

namespace frugal::simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kDatabaseName = "simulated.db";
constexpr std::int64_t kWallStart_ms = 1'700'000'000'000;
constexpr std::uint32_t kPageRows = 1000;

/// False if the disk fails; what is not stored is left out.
bool read_artifacts(storage::Reader& reader, std::vector<core::ReleaseRecord>& releases,
                    DatabaseView& view) {
    for (const auto& release : releases) {
        for (const auto& variant : release.variants) {
            for (const auto& artifact : variant.artifacts) {
                auto bytes = reader.blob(artifact.digest);
                if (bytes) {
                    view.artifacts.emplace(artifact.digest, std::move(*bytes));
                } else if (bytes.error().kind != base::ErrorKind::kNotFound) {
                    return false;
                }
            }
        }
    }
    view.releases = std::move(releases);
    return true;
}

storage::DatabaseOptions database_options() {
    storage::DatabaseOptions options;
    options.path = kDatabaseName;
    options.vfs = MemoryVfs::kName;
    options.use_file_lock = false;
    return options;
}

}  // namespace

GatewayHost::GatewayHost(const Context& context, MemoryDisk& disk, std::uint64_t seed)
    : context_(context),
      disk_(disk),
      rng_(seed),
      site_(*base::SiteId::parse(kSiteName)),
      edge_(ReleaseShelf::instance().edge_model_bytes()) {}

GatewayHost::~GatewayHost() {
    shut();
}

base::Now GatewayHost::now() const {
    const auto instant = context_.timeline.now();
    return {instant, {kWallStart_ms + wall_offset_ms_ + instant.since_start.count() / 1000}};
}

core::CoreConfig GatewayHost::core_config() const {
    core::CoreConfig config;
    config.tick.batch_rows = context_.options.batch_rows;
    config.tick.parked_messages = 64;
    config.offload.queue_limit = context_.options.queue_limit;
    config.transfer.shared_devices = context_.options.shared_devices;
    config.rollout.offer_retry = seconds(10);
    config.rollout.offer_retry_max = seconds(60);
    config.policy.compared_decisions = 12;
    config.rollout.patience = std::chrono::hours(2);
    return config;
}

// Opening and dying -----------------------------------------------------------------------------

void GatewayHost::start() {
    open();
}

bool GatewayHost::open_storage() {
    auto database = storage::Database::open(database_options());
    if (!database) {
        context_.trace.note("gateway open failed: " + database.error().message);
        return false;
    }
    auto snapshot = database->load();
    if (!snapshot) {
        context_.trace.note("gateway load failed: " + snapshot.error().message);
        return false;
    }
    auto reader = storage::Reader::open(kDatabaseName, MemoryVfs::kName);
    if (!reader) {
        return false;
    }
    ++generation_;
    has_committed_ = false;
    tick_ = std::make_unique<core::Tick>(std::move(*snapshot), core_config());
    database_ = std::move(*database);
    reader_ = std::move(*reader);
    blobs_.clear();
    return true;
}

void GatewayHost::open() {
    if (!open_storage()) {
        tick_.reset();
        if (disk_.take_crashed()) {
            context_.trace.sometimes("crash while opening the database");
            shut();  // the reader of before died with it
        }
        context_.timeline.after(seconds(1), [this, generation = generation_] {
            if (generation == generation_ && !tick_) {
                open();
            }
        });
        return;
    }
    check_loaded();
    if (was_unknown_) {
        context_.trace.sometimes("commit of unknown outcome recovered");
        was_unknown_ = false;
    }
    context_.trace.note("gateway started");
    perform(tick_->boot(now()));
    context_.network.attach_gateway();
}

void GatewayHost::check_loaded() {
    const auto view = read_database();
    if (view) {
        context_.tell([&](Checker& checker) { checker.on_loaded(*view); });
    }
}

// The old connections may say what they like to their detached files, but delete nothing.
void GatewayHost::shut() {
    disk_.forbid_removal(true);
    tick_.reset();
    reader_.reset();
    database_.reset();
    disk_.forbid_removal(false);
    events_.clear();
    ++generation_;
    fail_requests();
}

void GatewayHost::fail_requests() {
    link_is_up_ = false;
    context_.network.detach_gateway();
    for (auto& [request, handler] : std::exchange(replies_, {})) {
        context_.timeline.after(milliseconds(1), [handler = std::move(handler)] {
            handler(base::fail(base::ErrorKind::kUnavailable, "the gateway died"));
        });
    }
}

void GatewayHost::die(bool loses_power) {
    context_.trace.note(loses_power ? "gateway loses power" : "gateway killed");
    if (loses_power) {
        disk_.crash();
    } else {
        disk_.kill_process();
    }
    crash_point_ = CrashPoint::kNone;
    shut();
    if (disk_.holds(kCanary)) {
        context_.tell([](Checker& checker) { checker.on_raw_found("the database's files"); });
    }
    plan_restart();
}

void GatewayHost::plan_restart() {
    const auto wait = milliseconds(100 + rng_.below(3000));
    context_.timeline.after(wait, [this, generation = generation_] {
        if (generation == generation_ && !tick_) {
            open();
        }
    });
}

void GatewayHost::crash(bool loses_power) {
    if (tick_) {
        die(loses_power);
    }
}

void GatewayHost::restore_backup() {
    context_.trace.note("gateway restored from a backup");
    disk_.restore(backup_);
    shut();
    context_.oracle.forget_acks();
    plan_restart();
}

void GatewayHost::heal() {
    is_healed_ = true;
    crash_point_ = CrashPoint::kNone;
    edge_is_slow_ = false;
    edge_hangs_until_ = {};
    disk_.disarm();
    disk_.set_quota(UINT64_MAX);
}

std::optional<DatabaseView> GatewayHost::read_database() {
    if (!reader_ || !database_) {
        return std::nullopt;
    }
    auto snapshot = database_->load();
    auto gaps = reader_->gaps(0, 1'000'000);
    auto audit = reader_->audit(0, 1'000'000);
    if (!snapshot || !gaps || !audit) {
        context_.trace.note("database unreadable: " + (!snapshot ? snapshot.error()
                                                       : !gaps   ? gaps.error()
                                                                 : audit.error())
                                                          .describe());
        return std::nullopt;
    }
    DatabaseView view{std::move(snapshot->devices),
                      std::move(snapshot->streams),
                      {},
                      std::move(*gaps),
                      std::move(*audit),
                      std::move(snapshot->policies),
                      std::move(snapshot->policy_versions),
                      std::move(snapshot->policy_rollouts)};
    if (context_.options.has_late_deltas && !read_artifacts(*reader_, snapshot->releases, view)) {
        context_.trace.note("artifacts unreadable");
        return std::nullopt;
    }
    storage::DecisionQuery query;
    query.order = storage::RowOrder::kOldestFirst;
    query.limit = kPageRows;
    for (bool has_more = true; has_more;) {
        auto page = reader_->decisions(query);
        if (!page) {
            context_.trace.note("decisions unreadable: " + page.error().describe());
            return std::nullopt;
        }
        for (auto& row : page->rows) {
            view.rows.push_back(std::move(row));
        }
        query.cursor = page->next_cursor;
        has_more = page->has_more;
    }
    return view;
}

// The tick --------------------------------------------------------------------------------------

void GatewayHost::on_packet(const Packet& packet) {
    auto topic = wire::parse_up_topic(site_, packet.topic);
    if (!topic || !tick_) {
        return;
    }
    auto decoded = wire::decode_up(topic->kind, packet.payload);
    if (decoded) {
        play_planted_hello(*decoded);
        push(core::DeviceMessage{std::move(topic->device), std::move(*decoded),
                                 static_cast<std::uint32_t>(packet.payload.size())});
    } else {
        context_.trace.sometimes("malformed message rejected");
        push(core::MalformedMessage{std::move(topic->device), topic->kind,
                                    std::move(decoded.error())});
    }
}

void GatewayHost::on_link(bool is_up) {
    link_is_up_ = is_up;
    if (tick_) {
        push(core::LinkChanged{is_up});
    }
}

void GatewayHost::ask(core::AdminCommand command, ReplyHandler handler, std::string actor) {
    if (!tick_ || tick_->is_spent()) {
        handler(base::fail(base::ErrorKind::kUnavailable, "the gateway is not running"));
        return;
    }
    const base::RequestId request{++last_request_};
    replies_[request] = std::move(handler);
    push(core::AdminRequest{request, std::move(actor), std::move(command)});
}

// What arrives within a moment is handled in one step, as the loop does after a wake-up.
void GatewayHost::push(core::Event event) {
    events_.push_back(std::move(event));
    if (!step_is_planned_) {
        step_is_planned_ = true;
        context_.timeline.after(base::Duration(rng_.below(3000)), [this] {
            step_is_planned_ = false;
            step();
        });
    }
}

void GatewayHost::step() {
    if (!tick_ || tick_->is_spent()) {
        events_.clear();
        return;
    }
    perform(tick_->step(std::exchange(events_, {}), now()));
}

void GatewayHost::perform(core::TickOutput output) {
    const bool may_die = crash_point_ == CrashPoint::kHalfEffects && output.effects.size() > 1;
    const auto last = may_die ? rng_.below(output.effects.size()) : output.effects.size();
    const auto generation = generation_;
    for (std::size_t i = 0; i < output.effects.size(); ++i) {
        if (may_die && i == last) {
            context_.trace.fault("crash after some effects");
            die(rng_.chance(0.5));
            return;
        }
        std::visit([this](auto& effect) { perform_effect(std::move(effect)); }, output.effects[i]);
        if (generation != generation_) {
            return;
        }
    }
    if (output.commit) {
        plan_commit(std::move(*output.commit));
    }
    arm_timer();
}

void GatewayHost::arm_timer() {
    const auto deadline = tick_->next_deadline();
    const auto timer = ++timer_;
    if (!deadline) {
        return;
    }
    // Never in the same instant: a core that is always due would stop the world.
    const auto when = std::max(*deadline, context_.timeline.now() + base::Duration(100));
    context_.timeline.at(when, [this, timer, generation = generation_] {
        if (timer == timer_ && generation == generation_) {
            step();
        }
    });
}

/// Planted: a device that tells half of its memory.
void GatewayHost::play_planted_hello(core::UpMessage& message) const {
    auto* hello = std::get_if<core::Hello>(&message);
    if (hello != nullptr && context_.options.plant == Plant::kModestHello) {
        hello->capability.arena_bytes /= 2;
    }
}

}  // namespace frugal::simulation
