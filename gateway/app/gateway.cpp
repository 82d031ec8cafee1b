// SPDX-License-Identifier: Apache-2.0
#include "app/gateway.hpp"
#include "app/energy_budgets.hpp"

#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "app/blob_cache.hpp"
#include "app/cloud_tier.hpp"
#include "app/commit_thread.hpp"
#include "app/edge_workers.hpp"
#include "app/host_meter.hpp"
#include "app/revocation.hpp"
#include "base/fault_point.hpp"
#include "crypto/certificate_request.hpp"
#include "crypto/site_authority.hpp"
#include "wire/device_messages.hpp"
#include "wire/topics.hpp"

namespace frugal::app {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kBlobCacheBytes = 32u * 1024 * 1024;
// The broker's message_size_limit: what is too long for the wire contract arrives, so that the
// refusal can name the device.
constexpr std::size_t kPayloadBytesMax = 32'768;
constexpr auto kReopenWait = std::chrono::seconds(1);
constexpr auto kStopLimit = std::chrono::seconds(10);

storage::DatabaseOptions database_options(const Config& config) {
    storage::DatabaseOptions options;
    options.path = SiteFiles(config.site_directory).database();
    options.page_limit = config.store_pages;
    options.ballast_bytes = config.store_ballast_bytes;
    return options;
}

Result<net::MqttSettings> mqtt_settings(const Config& config, const base::SiteId& site) {
    net::MqttSettings settings;
    settings.client_id = "frugald:" + site.text();
    settings.subscriptions = {wire::up_subscription(site)};
    settings.inbound_messages_max = static_cast<std::size_t>(config.mqtt_queue_messages);
    settings.payload_bytes_max = kPayloadBytesMax;
    static constexpr std::string_view kUnix = "unix://";
    static constexpr std::string_view kTls = "mqtts://";
    if (config.mqtt_url.starts_with(kUnix)) {
        settings.host = config.mqtt_url.substr(kUnix.size());
        settings.port = 0;
        return settings;
    }
    const std::string target = config.mqtt_url.substr(kTls.size());
    const auto colon = target.rfind(':');
    const std::string port = colon == std::string::npos ? "8883" : target.substr(colon + 1);
    const long number = std::strtol(port.c_str(), nullptr, 10);
    if (number < 1 || number > 65535) {
        return fail(ErrorKind::kInvalidInput, "mqtt.url: \"" + port + "\" is not a port", {},
                    "Use mqtts://host:8883.");
    }
    settings.host = target.substr(0, colon);
    settings.port = static_cast<std::uint16_t>(number);
    settings.tls =
        net::MqttTlsFiles{config.mqtt_ca_file, config.mqtt_certificate_file, config.mqtt_key_file};
    return settings;
}

}  // namespace

class Gateway::Impl {
public:
    Impl(boost::asio::io_context& loop, const Config& config, const Log& log, Clock clock,
         base::SiteId site, crypto::SiteAuthority authority, net::MqttSettings mqtt,
         std::unique_ptr<net::InferenceClient> cloud)
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
          cloud_(std::move(cloud)) {}

    Result<void> open_storage() {
        auto database = storage::Database::open(database_options(config_));
        if (!database) {
            return tl::unexpected(database.error());
        }
        auto snapshot = database->load();
        if (!snapshot) {
            return tl::unexpected(snapshot.error());
        }
        auto reader = storage::Reader::open(database_options(config_).path);
        if (!reader) {
            return tl::unexpected(reader.error());
        }
        ++generation_;
        tick_ = std::make_unique<core::Tick>(std::move(*snapshot), core_config(config_));
        blobs_ = std::make_unique<BlobCache>(std::move(*reader), kBlobCacheBytes);
        commits_ = std::make_unique<CommitThread>(
            std::move(*database),
            [this, generation = generation_](std::uint64_t id, Result<void> outcome) {
                boost::asio::post(loop_, [this, generation, id, outcome = std::move(outcome)] {
                    on_commit(generation, id, outcome);
                });
            });
        workers_ = std::make_unique<EdgeWorkers>(
            loop_, static_cast<std::size_t>(config_.offload_workers),
            [this, generation = generation_](core::InferenceDone done) {
                deliver(generation, std::move(done));
            });
        storage_trouble_.reset();
        return {};
    }

    Result<void> start() {
        const bool is_local = config_.mqtt_url.starts_with("unix://");
        revocation_ = std::make_unique<Revocation>(
            loop_, SiteFiles(config_.site_directory), authority_,
            RevocationSettings{config_.mqtt_broker_pid_file, mqtt_, is_local});
        boot_core();
        host_.start();
        link_ = std::make_unique<net::MqttLink>(
            loop_, mqtt_,
            net::MqttLink::Handlers{[this](const net::MessageBatch& batch) { on_messages(batch); },
                                    [this](const net::LinkChange& change) { on_link(change); }});
        return link_->start();
    }

    void stop() {
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

    void ask(std::string actor, core::AdminCommand command, ReplyHandler handler) {
        if (!tick_ || tick_->is_spent()) {
            handler(fail(ErrorKind::kUnavailable, "the database is not available now",
                         storage_trouble_ ? storage_trouble_->message : "it is being opened",
                         "Try again in a moment; the log says more."));
            return;
        }
        const base::RequestId request{++last_request_};
        replies_[request] = std::move(handler);
        events_.push_back(core::AdminRequest{request, std::move(actor), std::move(command)});
        step();
    }

    const core::Tick* tick() const { return tick_.get(); }
    const net::MqttLink* link() const { return link_.get(); }
    Clock& clock() { return clock_; }

    std::optional<base::Error> storage_trouble_;
    std::function<void(const core::Log&)> log_observer_;
    EvidenceHandlers evidence_;
    std::uint64_t bytes_up_ = 0;
    std::uint64_t bytes_down_ = 0;

private:
    // The tick --------------------------------------------------------------------------------

    void boot_core(const std::optional<base::Error>& given_up = {}) {
        opened_at_ = clock_().instant;
        perform(tick_->boot(clock_(), given_up));
        if (link_ && link_->is_up()) {
            events_.push_back(core::LinkChanged{true});
            step();
        }
    }

    void step() {
        if (is_stopping_ || !tick_ || tick_->is_spent()) {
            events_.clear();
            return;
        }
        perform(tick_->step(std::exchange(events_, {}), clock_()));
    }

    void perform(core::TickOutput output) {
        for (auto& effect : output.effects) {
            std::visit([this](auto& one) { perform_effect(std::move(one)); }, effect);
        }
        if (output.commit) {
            commits_->submit(std::move(*output.commit));
        }
        arm_timer();
    }

    void arm_timer() {
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

    void on_commit(std::uint64_t generation, std::uint64_t id, const Result<void>& outcome) {
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
    void recover_storage(const base::Error& error) {
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

    void reopen_after(base::Duration wait, const base::Error& given_up) {
        reopen_timer_.expires_after(wait);
        reopen_timer_.async_wait([this, given_up](boost::system::error_code error) {
            if (!error && !is_stopping_) {
                reopen(given_up);
            }
        });
    }

    void reopen(const base::Error& given_up) {
        if (auto opened = open_storage(); !opened) {
            log_.error("storage.reopen-failed", opened.error());
            storage_trouble_ = opened.error();
            reopen_after(kReopenWait, given_up);
            return;
        }
        boot_core(given_up);
    }

    void fail_requests(const base::Error& error) {
        for (auto& [request, handler] : std::exchange(replies_, {})) {
            handler(fail(ErrorKind::kStorage, "the change may or may not have been stored",
                         error.message, "Look at the present state before you repeat it."));
        }
    }

    // Bounded: one commit may be under way, and one more batch may have gathered meanwhile. The
    // link stays up so that their acks get out.
    void finish_commits() {
        const auto deadline = clock_().instant + kStopLimit;
        while (tick_->has_commit_in_flight() && !tick_->is_spent() && clock_().instant < deadline) {
            loop_.restart();
            loop_.run_one_for(std::chrono::milliseconds(10));
        }
    }

    template <typename Done>
    void deliver(std::uint64_t generation, Done done) {
        if (generation == generation_) {
            events_.push_back(std::move(done));
            step();
        }
    }

    // In --------------------------------------------------------------------------------------

    void on_messages(const net::MessageBatch& batch) {
        for (std::size_t i = 0; i < batch.size(); ++i) {
            const auto message = batch[i];
            bytes_up_ += message.payload.size();
            auto topic = wire::parse_up_topic(site_, message.topic);
            if (!topic) {
                log_.error("message.wrong-topic", topic.error());
                continue;
            }
            auto decoded = wire::decode_up(topic->kind, message.payload);
            if (decoded) {
                events_.push_back(
                    core::DeviceMessage{std::move(topic->device), std::move(*decoded),
                                        static_cast<std::uint32_t>(message.payload.size())});
            } else {
                events_.push_back(core::MalformedMessage{std::move(topic->device), topic->kind,
                                                         std::move(decoded.error())});
            }
        }
        step();
    }

    void on_link(const net::LinkChange& change) {
        if (!change.is_up && !change.error.message.empty()) {
            const bool is_taken = change.error.kind == ErrorKind::kConflict;
            log_.error(is_taken ? "broker.session-taken-over" : "broker.unreachable", change.error);
        }
        events_.push_back(core::LinkChanged{change.is_up});
        step();
    }

    // Effects ---------------------------------------------------------------------------------

    // A message that cannot leave now is lost on purpose: the protocol repeats, end to end.
    void publish(const std::string& topic, const base::Bytes& payload) {
        if (link_ && link_->publish(topic, payload, net::Qos::kAtMostOnce)) {
            bytes_down_ += payload.size();
        }
    }

    void perform_effect(core::Send&& send) {
        publish(wire::down_topic(site_, send.device, wire::kind_of(send.message)),
                wire::encode_down(send.message));
    }

    void perform_effect(core::SendBlocks&& send) {
        const auto bytes = blobs_->get(send.artifact);
        if (!bytes) {
            log_.error("artifact.unreadable", bytes.error());
            return;
        }
        const std::string topic = send.device ? wire::chunk_topic(site_, *send.device)
                                              : wire::shared_chunk_topic(site_, send.artifact);
        const std::size_t size = (*bytes)->size();
        for (const std::uint32_t block : send.blocks) {
            const std::size_t begin = std::size_t{block} * send.block_bytes;
            if (begin >= size) {
                continue;
            }
            const std::size_t length = std::min<std::size_t>(send.block_bytes, size - begin);
            publish(topic, wire::encode_chunk(send.artifact, block,
                                              base::ByteView(**bytes).subspan(begin, length)));
        }
    }

    void perform_effect(core::Infer&& job) {
        auto model = blobs_->get(job.edge_model);
        if (!model) {
            // Posted, as a worker's answer is: this may be the midst of a step's effects.
            boost::asio::post(loop_, [this, generation = generation_, work = job.work,
                                      count = job.inputs.size(), error = std::move(model.error())] {
                core::InferenceDone failed{work, {}, {}};
                failed.answers.assign(count, tl::unexpected(error));
                deliver(generation, std::move(failed));
            });
            return;
        }
        workers_->run(std::move(job), std::move(*model));
    }

    void perform_effect(core::AskCloud&& job) {
        const auto time_left = job.deadline - clock_().instant;
        cloud_->ask(std::move(job), time_left,
                    [this, generation = generation_](core::CloudDone done) {
                        deliver(generation, std::move(done));
                    });
    }

    void perform_effect(core::IssueCertificate&& job) {
        boost::asio::post(
            slow_, [this, generation = generation_, job = std::move(job), wall = clock_().wall] {
                auto issued = issue(job, wall);
                boost::asio::post(loop_, [this, generation, work = job.work,
                                          issued = std::move(issued)]() mutable {
                    deliver(generation, core::CertificateDone{work, std::move(issued)});
                });
            });
    }

    Result<core::IssuedCertificate> issue(const core::IssueCertificate& job,
                                          base::WallTime wall) const {
        auto request = crypto::CertificateRequest::verify(job.request_der);
        if (!request) {
            return tl::unexpected(request.error());
        }
        auto certificate = authority_.issue_device(*request, job.device, wall);
        if (!certificate) {
            return tl::unexpected(certificate.error());
        }
        core::IssuedCertificate issued;
        issued.record = {certificate->serial.bytes, certificate->not_after};
        issued.pem = std::move(certificate->pem);
        issued.der = std::move(certificate->der);
        return issued;
    }

    void perform_effect(core::PublishRevocations&& request) {
        const base::WorkId work = request.work;
        revocation_->publish(
            std::move(request), [this, generation = generation_, work](Result<void> outcome) {
                deliver(generation, core::RevocationDone{work, std::move(outcome)});
            });
    }

    void perform_effect(core::Reply&& reply) {
        const auto found = replies_.find(reply.request);
        if (found == replies_.end()) {
            return;
        }
        auto handler = std::move(found->second);
        replies_.erase(found);
        handler(std::move(reply.reply));
    }

    void perform_effect(core::Observed&& one) {
        if (evidence_.on_answer) {
            evidence_.on_answer(std::move(one));
        }
    }

    void perform_effect(core::DecisionsStored&& one) {
        if (evidence_.on_decisions) {
            evidence_.on_decisions(std::move(one));
        }
    }

    void perform_effect(core::Log&& line) {
        log_.write(level_of(line.event), core::to_string(line.event), line.fields);
        if (log_observer_) {
            log_observer_(line);
        }
    }

    boost::asio::io_context& loop_;
    const Config& config_;
    const Log& log_;
    Clock clock_;
    base::SiteId site_;
    crypto::SiteAuthority authority_;
    net::MqttSettings mqtt_;

    std::vector<core::Event> events_;
    std::unique_ptr<core::Tick> tick_;
    std::uint64_t generation_ = 0;  ///< of tick_: answers to an earlier core are dropped
    std::uint64_t last_request_ = 0;
    std::map<base::RequestId, ReplyHandler> replies_;
    base::Instant opened_at_;  ///< when tick_ began
    bool is_stopping_ = false;

    boost::asio::steady_timer timer_;
    boost::asio::steady_timer reopen_timer_;
    HostMeter host_;
    boost::asio::thread_pool slow_{1};
    std::unique_ptr<BlobCache> blobs_;
    std::unique_ptr<CommitThread> commits_;
    std::unique_ptr<EdgeWorkers> workers_;
    std::unique_ptr<net::InferenceClient> cloud_;  ///< null: the core asks it nothing
    std::unique_ptr<Revocation> revocation_;
    std::unique_ptr<net::MqttLink> link_;
};

core::CoreConfig Gateway::core_config(const Config& config) {
    core::CoreConfig core;
    core.tick.batch_rows = static_cast<std::uint32_t>(config.store_commit_rows);
    core.transfer.bytes_per_second = static_cast<std::uint64_t>(config.transfer_bytes_per_second);
    core.transfer.gather = std::chrono::milliseconds(config.transfer_gather_ms);
    core.transfer.shared_devices = static_cast<std::uint32_t>(config.transfer_shared_devices);
    core.rollout.energy_budgets = parse_energy_budgets(config.rollout_energy_budgets).value();
    core.offload.queue_limit = static_cast<std::uint32_t>(config.offload_queue_limit);
    core.offload.queue_bytes = static_cast<std::uint64_t>(config.offload_queue_bytes);
    core.offload.workers = static_cast<std::uint32_t>(config.offload_workers);
    if (auto cloud = cloud_config(config)) {  // open() has refused what cannot be read
        core.cloud = std::move(*cloud);
    }
    core.offload.batch_max = static_cast<std::uint32_t>(config.offload_batch_max);
    core.offload.per_device = static_cast<std::uint32_t>(config.offload_per_device);
    core.offload.groups_by_label = config.offload_group_by == "label";
    core.offload.hang_after = std::chrono::milliseconds(config.offload_hang_ms);
    return core;
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
    return {impl_->bytes_up_, impl_->bytes_down_};
}

std::optional<base::Error> Gateway::storage_trouble() const {
    return impl_->storage_trouble_;
}

void Gateway::on_evidence(EvidenceHandlers handlers) {
    impl_->evidence_ = std::move(handlers);
}

void Gateway::on_log(std::function<void(const core::Log&)> observer) {
    impl_->log_observer_ = std::move(observer);
}

}  // namespace frugal::app
