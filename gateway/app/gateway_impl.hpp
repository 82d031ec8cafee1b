// SPDX-License-Identifier: Apache-2.0
// The inside of the Gateway, for gateway.cpp and gateway_effects.cpp alone.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>

#include "app/blob_cache.hpp"
#include "app/certificate_issuer.hpp"
#include "app/cloud_tier.hpp"
#include "app/commit_thread.hpp"
#include "app/device_link.hpp"
#include "app/edge_workers.hpp"
#include "app/gateway.hpp"
#include "app/host_meter.hpp"
#include "app/revocation.hpp"
#include "crypto/site_authority.hpp"

namespace frugal::app {

class Gateway::Impl {
public:
    Impl(boost::asio::io_context& loop, const Config& config, const Log& log, Clock clock,
         base::SiteId site, crypto::SiteAuthority authority, net::MqttSettings mqtt,
         std::unique_ptr<net::InferenceClient> cloud);

    base::Result<void> open_storage();
    base::Result<void> start();
    void stop();
    void ask(std::string actor, core::AdminCommand command, ReplyHandler handler);
    const core::Tick* tick() const { return tick_.get(); }
    const DeviceLink* link() const { return link_.get(); }
    Clock& clock() { return clock_; }

    std::optional<base::Error> storage_trouble_;
    std::function<void(const core::Log&)> log_observer_;
    EvidenceHandlers evidence_;
    PolicyBinder binder_;

private:
    // The tick and its database: gateway.cpp.
    ReplyHandler while_held(const core::BlobRecord& blob, ReplyHandler handler);
    base::Result<void> bring_up_to_date(storage::Database& database, core::Snapshot& snapshot,
                                        storage::Reader& reader);
    void boot_core(const std::optional<base::Error>& given_up = {});
    void step();
    void perform(core::TickOutput output);
    void arm_timer();
    void on_commit(std::uint64_t generation, std::uint64_t id, const base::Result<void>& outcome);
    void recover_storage(const base::Error& error);
    void reopen_after(base::Duration wait, const base::Error& given_up);
    void reopen(const base::Error& given_up);
    void fail_requests(const base::Error& error);
    void finish_commits();
    /// What was begun for an earlier core is dropped.
    template <typename Done>
    void deliver(std::uint64_t generation, Done done) {
        if (generation == generation_) {
            events_.push_back(std::move(done));
            step();
        }
    }
    void take(std::vector<core::Event>&& events);

    // One for each effect of the core: gateway_effects.cpp.
    void perform_effect(core::Send&& message);
    void perform_effect(core::SendBlocks&& blocks);
    void perform_effect(core::Infer&& job);
    void perform_effect(core::AskCloud&& job);
    void perform_effect(core::IssueCertificate&& job);
    void perform_effect(core::PublishRevocations&& request);
    void perform_effect(core::Reply&& reply);
    void perform_effect(core::Observed&& one);
    void perform_effect(core::DecisionsStored&& one);
    void perform_effect(core::BindPolicy&& wanted);
    void perform_effect(core::Log&& line);

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
    CertificateIssuer issuer_;
    std::unique_ptr<BlobCache> blobs_;
    std::unique_ptr<CommitThread> commits_;
    std::unique_ptr<EdgeWorkers> workers_;
    std::unique_ptr<net::InferenceClient> cloud_;  ///< null: the core asks it nothing
    std::unique_ptr<Revocation> revocation_;
    std::unique_ptr<DeviceLink> link_;
};

}  // namespace frugal::app
