// SPDX-License-Identifier: Apache-2.0
#include "simulation/world/world.hpp"

#include <fmt/format.h>

#include "base/assert.hpp"
#include "simulation/world/liveness.hpp"
#include "simulation/world/policy_author.hpp"

namespace frugal::simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kArenaBytes = 64 * 1024;
constexpr auto kSettleBudget = minutes(45);
constexpr std::uint32_t kCalmLooks = 18;
constexpr auto kDrainBudget = minutes(15);

class World {
public:
    World(const Options& options, bool is_loud)
        : options_(options),
          rng_(options.seed ^ 0x5EEDF00DULL),
          trace_(is_loud),
          disk_(rng_.next()),
          vfs_(disk_),
          network_(timeline_, trace_, options_, rng_.next()),
          checkers_(make_checkers(oracle_, trace_, options_)),
          arena_(kArenaBytes),
          gateway_(context_, disk_, rng_.next()),
          person_(context_, gateway_, rng_.next()),
          injector_(
              context_, gateway_, disk_, devices_, person_,
              [this](DeviceHost& original) { add_clone(original); }, rng_.next()),
          liveness_(context_, gateway_, devices_),
          author_(context_, gateway_, options_.seed ^ 0x901C1E5ULL) {
        network_.to_gateway = [this](const Packet& packet) { gateway_.on_packet(packet); };
        network_.on_gateway_link = [this](bool is_up) { gateway_.on_link(is_up); };
        if (options_.plant == Plant::kLazySync) {
            disk_.ignore_syncs_of("-wal");
        }
        if (options_.plant == Plant::kOffersAfterAbort) {
            gateway_.on_offer = [this](const core::Send& send) { offer_again(send); };
        }
        if (options_.plant == Plant::kObeyedShadow) {
            gateway_.on_offer = [this](const core::Send& send) { send_shadow_to_obey(send); };
        }
    }

    Outcome run() {
        settle_site();
        gateway_.start();
        DeviceHost* newcomer = options_.has_enrolment ? devices_.back().get() : nullptr;
        for (auto& device : devices_) {
            if (device.get() != newcomer) {
                timeline_.after(milliseconds(rng_.below(5000)),
                                [host = device.get()] { host->power_on(); });
            }
        }
        person_.start(newcomer, options_.has_revocation ? devices_.front().get() : nullptr);
        author_.start();
        injector_.start();
        run_until(timeline_.now() + options_.safety);
        heal();
        converge();
        finish();
        return outcome();
    }

private:
    /// `place`: among the site's devices; a clone has its original's.
    DeviceHost& add_device(const std::string& name, std::size_t place) {
        const DevicePlan plan{.index = devices_.size(),
                              .name = name,
                              .is_large = place < options_.large_devices,
                              .is_roomy = options_.has_variants && place % 3 == 1,
                              .has_one_slot = options_.has_one_slot && place % 2 == 1 &&
                                              place >= options_.large_devices,
                              .seed = rng_.next()};
        devices_.push_back(std::make_unique<DeviceHost>(context_, plan, arena_));
        return *devices_.back();
    }

    void add_clone(DeviceHost& original) {
        auto& clone = add_device(original.name(), original.index());
        clone.become_clone_of(original);
        clones_.push_back(&clone);
        clone.power_on();
        clone.mark_cloned();
    }

    /// The site as set-up leaves it: devices on record, all but the newcomer with certificates.
    void settle_site() {
        storage::DatabaseOptions options;
        options.path = "simulated.db";
        options.vfs = MemoryVfs::kName;
        options.use_file_lock = false;
        auto database = storage::Database::open(options);
        FRUGAL_ASSERT(database.has_value());
        core::WriteBatch batch;
        for (std::uint32_t i = 0; i < options_.devices; ++i) {
            const auto name = fmt::format("device-{}", i);
            add_device(name, i);
            if (options_.has_enrolment && i + 1 == options_.devices) {
                continue;
            }
            core::DeviceRecord record{.number = core::DeviceNumber{i},
                                      .id = *base::DeviceId::parse(name),
                                      .label = i % 2 == 1 ? kOddLabel : "",
                                      .state = core::DeviceState::kEnrolled,
                                      .certificate = core::CertificateRecord{}};
            record.certificate->serial[0] = static_cast<std::uint8_t>(i + 1);
            batch.records.emplace_back(std::move(record));
        }
        FRUGAL_ASSERT(database->commit(batch).has_value());
    }

    void run_until(base::Instant limit) {
        while (timeline_.has_event_before(limit) && trace_.violations().empty()) {
            timeline_.step();
            trace_.set_time(timeline_.now());
        }
        timeline_.move_to(limit);
        trace_.set_time(timeline_.now());
    }

    void offer_again(const core::Send& send) {
        const auto* desired = std::get_if<core::Desired>(&send.message);
        if (desired->tasks.empty() || is_offering_again_) {
            return;
        }
        const auto* manifest = desired->tasks.front().manifest.get();
        if (manifest != nullptr && person_.aborted_counter() == 0) {
            kept_offers_[manifest->content().counter] = std::make_shared<core::Send>(send);
        }
        const auto kept = kept_offers_.find(person_.aborted_counter());
        if (kept != kept_offers_.end()) {
            is_offering_again_ = true;
            gateway_.send_again(*kept->second);
            is_offering_again_ = false;
        }
    }

    void send_shadow_to_obey(const core::Send& send) {
        auto copy = send;
        auto& tasks = std::get<core::Desired>(copy.message).tasks;
        if (!tasks.empty() && tasks.front().shadow != nullptr) {
            tasks.front().policy = std::exchange(tasks.front().shadow, nullptr);
            gateway_.send_again(copy);
        }
    }

    void heal() {
        trace_.note("heal");
        author_.finish();
        injector_.stop();
        network_.heal();
        gateway_.heal();
        for (auto* clone : clones_) {
            clone->retire();
        }
        for (auto& device : devices_) {
            device->heal();
        }
    }

    /// Time goes on until everything is at rest, at most for the budget.
    void converge() {
        std::string why;
        std::uint32_t calm_looks = 0;
        const auto settle_until = timeline_.now() + kSettleBudget;
        while (timeline_.now() < settle_until && trace_.violations().empty()) {
            liveness_.look();
            run_until(timeline_.now() + seconds(5));
            // Whoever comes back late may set things in motion again.
            const bool is_calm =
                person_.is_done() && author_.is_done() && liveness_.is_settled(why);
            calm_looks = is_calm ? calm_looks + 1 : 0;
            if (calm_looks == kCalmLooks) {
                break;
            }
        }
        if (!person_.is_done() && trace_.violations().empty()) {
            trace_.violate("I18", "the operator is stuck at: " + person_.current());
        }
        for (auto& device : devices_) {
            device->stop_sampling();
        }
        const auto drain_until = timeline_.now() + kDrainBudget;
        while (timeline_.now() < drain_until && trace_.violations().empty()) {
            liveness_.look();
            run_until(timeline_.now() + seconds(5));
            if (liveness_.is_drained(why) && liveness_.is_settled(why) && gateway_.is_idle()) {
                break;
            }
        }
    }

    void finish() {
        if (trace_.violations().empty()) {
            liveness_.judge();
        }
        if (const auto database = gateway_.read_database()) {
            decisions_ = database->rows.size();
            for (const auto& checker : checkers_) {
                checker->on_loaded(*database);
                checker->on_end(*database);
            }
        } else if (trace_.violations().empty()) {
            trace_.violate("I18", "the database cannot be read at the end");
        }
        if (disk_.holds(kCanary)) {
            context_.tell([](Checker& checker) { checker.on_raw_found("the database's files"); });
        }
        for (const auto& device : devices_) {
            for (const auto& breach : device->flash().breaches()) {
                trace_.violate("flash", device->name() + ": " + breach);
            }
        }
    }

    Outcome outcome() {
        Outcome outcome{options_,
                        trace_.hash(),
                        trace_.events(),
                        timeline_.now().since_start,
                        decisions_,
                        trace_.marks(),
                        trace_.faults(),
                        trace_.violations(),
                        {trace_.last().begin(), trace_.last().end()}};
        return outcome;
    }

    Options options_;
    base::Rng rng_;
    Trace trace_;
    Timeline timeline_;
    Oracle oracle_;
    MemoryDisk disk_;
    MemoryVfs vfs_;
    Network network_;
    Checkers checkers_;
    Context context_{timeline_, trace_, options_, network_, oracle_, checkers_};
    std::vector<std::uint8_t> arena_;
    Devices devices_;
    std::vector<DeviceHost*> clones_;
    GatewayHost gateway_;
    Operator person_;
    FaultInjector injector_;
    Liveness liveness_;
    PolicyAuthor author_;
    std::map<std::uint32_t, std::shared_ptr<core::Send>> kept_offers_;
    bool is_offering_again_ = false;
    std::uint64_t decisions_ = 0;
};

}  // namespace

Outcome run_world(const Options& options, bool is_loud) {
    World world(options, is_loud);
    return world.run();
}

}  // namespace frugal::simulation
