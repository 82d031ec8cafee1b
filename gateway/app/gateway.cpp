// SPDX-License-Identifier: Apache-2.0
#include "app/gateway.hpp"
#include "app/cloud_rules.hpp"

#include <algorithm>
#include <iterator>

#include <boost/asio/post.hpp>

#include "app/core_settings.hpp"
#include "app/gateway_impl.hpp"
#include "app/policy_renewal.hpp"
#include "base/fault_point.hpp"

namespace frugal::app {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kBlobCacheBytes = 32u * 1024 * 1024;
constexpr auto kReopenWait = std::chrono::seconds(1);
constexpr auto kStopLimit = std::chrono::seconds(10);

}  // namespace

Gateway::Impl::Impl(boost::asio::io_context& loop, const Config& config, const Log& log,
                    Clock clock, base::SiteId site, crypto::SiteAuthority authority,
                    net::MqttSettings mqtt, std::unique_ptr<net::InferenceClient> cloud)
    : loop_(loop),
      config_(config),
      log_(log),
      clock_(std::move(clock)),
      site_(std::move(site)),
      authority_(std::move(authority)),
      mqtt_(std::move(mqtt)),
      timer_(loop),
      reopen_timer_(loop),
      host_(loop, config.offload_host_percent,
            [this](core::HostLoad load) {
                events_.push_back(load);
                step();
            }),
      issuer_(loop, authority_),
      cloud_(std::move(cloud)) {}

Result<void> Gateway::Impl::open_storage() {
    auto database = storage::Database::open(database_settings(config_));
    if (!database) {
        return tl::unexpected(database.error());
    }
    auto snapshot = database->load();
    if (!snapshot) {
        return tl::unexpected(snapshot.error());
    }
    auto reader = storage::Reader::open(database_settings(config_).path);
    if (!reader) {
        return tl::unexpected(reader.error());
    }
    if (auto done = bring_up_to_date(*database, *snapshot, *reader); !done) {
        return done;
    }
    ++generation_;
    tick_ = std::make_unique<core::Tick>(std::move(*snapshot), core_settings(config_));
    blobs_ = std::make_unique<BlobCache>(std::move(*reader), kBlobCacheBytes);
    commits_ = std::make_unique<CommitThread>(
        std::move(*database),
        [this, generation = generation_](std::uint64_t id, Result<void> outcome) {
            boost::asio::post(loop_, [this, generation, id, outcome = std::move(outcome)] {
                on_commit(generation, id, outcome);
            });
        });
    workers_ =
        std::make_unique<EdgeWorkers>(loop_, static_cast<std::size_t>(config_.offload_workers),
                                      [this, generation = generation_](core::InferenceDone done) {
                                          deliver(generation, std::move(done));
                                      });
    storage_trouble_.reset();
    return {};
}

// Policies that an earlier gateway stored. Without the key that signs them nothing can be done:
// devices with its firmware go on by what they have.
Result<void> Gateway::Impl::bring_up_to_date(storage::Database& database, core::Snapshot& snapshot,
                                             storage::Reader& reader) {
    if (!has_earlier_forms(snapshot)) {
        return {};
    }
    const auto key = crypto::ReleaseKey::load(SiteFiles(config_.site_directory).policy_key());
    if (!key) {
        log_.error("policy.not-renewed", key.error());
        return {};
    }
    const auto cells = reader.learning();
    if (!cells) {
        return tl::unexpected(cells.error());
    }
    const auto batch = renew_policies(snapshot, *cells, *key);
    if (!batch) {
        return tl::unexpected(batch.error());
    }
    auto committed = database.commit(*batch);
    if (committed) {
        log_.write(LogLevel::kInfo, "policy.renewed", {{"rows", std::to_string(batch->rows())}});
    }
    return committed;
}

Result<void> Gateway::Impl::start() {
    const bool is_local = config_.mqtt_url.starts_with("unix://");
    revocation_ = std::make_unique<Revocation>(
        loop_, SiteFiles(config_.site_directory), authority_,
        RevocationSettings{config_.mqtt_broker_pid_file, mqtt_, is_local});
    boot_core();
    host_.start();
    link_ = std::make_unique<DeviceLink>(
        loop_, mqtt_, site_, log_,
        [this](std::vector<core::Event>&& events) { take(std::move(events)); });
    return link_->start();
}

void Gateway::Impl::stop() {
    is_stopping_ = true;
    timer_.cancel();
    reopen_timer_.cancel();
    host_.stop();
    if (tick_ && !tick_->is_spent()) {
        finish_commits();
    }
    revocation_.reset();
    if (link_) {
        link_->stop();
    }
    cloud_.reset();
    workers_.reset();
    if (commits_ && !storage_trouble_) {
        commits_->checkpoint();  // readers are still open: the last to close could not
    }
    commits_.reset();
}

void Gateway::Impl::ask(std::string actor, core::AdminCommand command, ReplyHandler handler) {
    if (!tick_ || tick_->is_spent()) {
        handler(fail(ErrorKind::kUnavailable, "the database is not available now",
                     storage_trouble_ ? storage_trouble_->message : "it is being opened",
                     "Try again in a moment; the log says more."));
        return;
    }
    const base::RequestId request{++last_request_};
    if (const auto* edge = std::get_if<core::SetEdgeModel>(&command)) {
        handler = while_held(edge->blob, std::move(handler));
    }
    replies_[request] = std::move(handler);
    events_.push_back(core::AdminRequest{request, std::move(actor), std::move(command)});
    step();
}

// The core asks the new model at once, but its bytes can be read only when they are committed; then
// the answer comes.
Gateway::ReplyHandler Gateway::Impl::while_held(const core::BlobRecord& blob,
                                                ReplyHandler handler) {
    if (blob.bytes == nullptr) {
        return handler;
    }
    blobs_->hold(blob.digest, blob.bytes);
    return [this, generation = generation_, digest = blob.digest,
            handler = std::move(handler)](Result<core::AdminReply> reply) {
        if (generation == generation_) {
            blobs_->release(digest);
        }
        handler(std::move(reply));
    };
}

void Gateway::Impl::boot_core(const std::optional<base::Error>& given_up) {
    opened_at_ = clock_().instant;
    perform(tick_->boot(clock_(), given_up));
    if (link_ && link_->is_up()) {
        events_.push_back(core::LinkChanged{true});
        step();
    }
}

void Gateway::Impl::step() {
    if (is_stopping_ || !tick_ || tick_->is_spent()) {
        events_.clear();
        return;
    }
    perform(tick_->step(std::exchange(events_, {}), clock_()));
}

void Gateway::Impl::perform(core::TickOutput output) {
    for (auto& effect : output.effects) {
        std::visit([this](auto& one) { perform_effect(std::move(one)); }, effect);
    }
    if (output.commit) {
        commits_->submit(std::move(*output.commit));
    }
    arm_timer();
}

void Gateway::Impl::arm_timer() {
    const auto deadline = tick_->next_deadline();
    if (!deadline || is_stopping_) {
        timer_.cancel();
        return;
    }
    const auto wait = std::max(base::Duration(0), *deadline - clock_().instant);
    timer_.expires_after(wait);
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error) {
            step();
        }
    });
}

void Gateway::Impl::on_commit(std::uint64_t generation, std::uint64_t id,
                              const Result<void>& outcome) {
    if (generation != generation_ || !tick_ || tick_->is_spent()) {
        return;
    }
    auto output = tick_->on_commit(id, outcome, clock_());
    if (outcome) {
        base::fault_point("ack.before");
        perform(std::move(output));
        base::fault_point("ack.after");
        return;
    }
    recover_storage(outcome.error());
}

// A failed commit's outcome is unknown: nothing is retried, everything is read again.
void Gateway::Impl::recover_storage(const base::Error& error) {
    log_.error("storage.commit-failed", error);
    storage_trouble_ = error;
    commits_->release_ballast();
    commits_.reset();
    workers_.reset();
    fail_requests(error);
    // At once, but a disk that stays full must not keep the loop busy with opening.
    const auto wait = opened_at_ + kReopenWait - clock_().instant;
    if (wait > base::Duration(0)) {
        reopen_after(wait, error);
    } else {
        reopen(error);
    }
}

void Gateway::Impl::reopen_after(base::Duration wait, const base::Error& given_up) {
    reopen_timer_.expires_after(wait);
    reopen_timer_.async_wait([this, given_up](boost::system::error_code error) {
        if (!error && !is_stopping_) {
            reopen(given_up);
        }
    });
}

void Gateway::Impl::reopen(const base::Error& given_up) {
    if (auto opened = open_storage(); !opened) {
        log_.error("storage.reopen-failed", opened.error());
        storage_trouble_ = opened.error();
        reopen_after(kReopenWait, given_up);
        return;
    }
    boot_core(given_up);
}

void Gateway::Impl::fail_requests(const base::Error& error) {
    for (auto& [request, handler] : std::exchange(replies_, {})) {
        handler(fail(ErrorKind::kStorage, "the change may or may not have been stored",
                     error.message, "Look at the present state before you repeat it."));
    }
}

// Bounded: one commit may be under way, and one more batch may have gathered meanwhile. The
// link stays up so that their acks get out.
void Gateway::Impl::finish_commits() {
    const auto deadline = clock_().instant + kStopLimit;
    while (tick_->has_commit_in_flight() && !tick_->is_spent() && clock_().instant < deadline) {
        loop_.restart();
        loop_.run_one_for(std::chrono::milliseconds(10));
    }
}

void Gateway::Impl::take(std::vector<core::Event>&& events) {
    if (events_.empty()) {
        events_ = std::move(events);
    } else {
        std::ranges::move(events, std::back_inserter(events_));
    }
    step();
}

Gateway::Gateway(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Gateway::~Gateway() = default;

Result<std::unique_ptr<Gateway>> Gateway::open(boost::asio::io_context& loop, const Config& config,
                                               const Log& log, Clock clock) {
    const auto site = base::SiteId::parse(config.site_name);
    if (!site) {
        return fail(ErrorKind::kInvalidInput, "site.name is not a valid id");
    }
    auto authority = crypto::SiteAuthority::load(SiteFiles(config.site_directory).authority());
    if (!authority) {
        return fail(authority.error(), "the site's authority");
    }
    auto mqtt = mqtt_settings(config, *site);
    if (!mqtt) {
        return tl::unexpected(mqtt.error());
    }
    if (auto read = cloud_config(config); !read) {
        return tl::unexpected(read.error());
    }
    auto cloud = open_cloud(loop, config);
    if (!cloud) {
        return tl::unexpected(cloud.error());
    }
    auto impl = std::make_unique<Impl>(loop, config, log, std::move(clock), *site,
                                       std::move(*authority), std::move(*mqtt), std::move(*cloud));
    if (auto opened = impl->open_storage(); !opened) {
        return tl::unexpected(opened.error());
    }
    return std::unique_ptr<Gateway>(new Gateway(std::move(impl)));
}

Result<void> Gateway::start() {
    return impl_->start();
}
void Gateway::stop() {
    impl_->stop();
}

void Gateway::ask(std::string actor, core::AdminCommand command, ReplyHandler handler) {
    impl_->ask(std::move(actor), std::move(command), std::move(handler));
}

core::Overview Gateway::overview() const {
    return impl_->tick()->core().overview(impl_->clock()().instant);
}

net::MqttCounters Gateway::mqtt_counters() const {
    return impl_->link() != nullptr ? impl_->link()->counters() : net::MqttCounters{};
}

bool Gateway::is_link_up() const {
    return impl_->link() != nullptr && impl_->link()->is_up();
}

std::pair<std::uint64_t, std::uint64_t> Gateway::traffic_bytes() const {
    const auto* link = impl_->link();
    return link != nullptr ? std::pair{link->bytes_up(), link->bytes_down()}
                           : std::pair<std::uint64_t, std::uint64_t>{};
}

std::optional<base::Error> Gateway::storage_trouble() const {
    return impl_->storage_trouble_;
}

void Gateway::on_evidence(EvidenceHandlers handlers) {
    impl_->evidence_ = std::move(handlers);
}

void Gateway::on_bind(PolicyBinder binder) {
    impl_->binder_ = std::move(binder);
}

void Gateway::on_log(std::function<void(const core::Log&)> observer) {
    impl_->log_observer_ = std::move(observer);
}

}  // namespace frugal::app
