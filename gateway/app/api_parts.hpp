// SPDX-License-Identifier: Apache-2.0
// Private to Api: what its groups of handlers share. Loop thread only; `slow` is the pool for work
// that must not hold the loop up.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "app/config.hpp"
#include "app/gateway.hpp"
#include "app/log.hpp"
#include "app/sandbox/model_trial.hpp"
#include "app/site_files.hpp"
#include "app/start_code.hpp"
#include "app/token_store.hpp"
#include "crypto/release_key.hpp"
#include "crypto/site_authority.hpp"
#include "net/http_server.hpp"
#include "release/release_builder.hpp"
#include "release/verified_bundle.hpp"
#include "storage/reader.hpp"
#include "wire/http_problem.hpp"
#include "wire/json_views.hpp"

namespace frugal::app {

class PolicyLearner;

struct ApiParts {
    boost::asio::io_context& loop;
    const Config& config;
    const Log& log;
    Gateway& gateway;
    Clock clock;
    SiteFiles files;
    TokenStore tokens;
    crypto::SiteAuthority authority;
    std::optional<crypto::ReleaseKey> release_key;  ///< the author's; a gateway may lack it (D16)
    std::optional<crypto::ReleasePublicKey> release_public_key;  ///< verifies bundles and permits
    std::optional<crypto::ReleaseKey> policy_key;  ///< the gateway's own; signs policies
    storage::Reader reader;                        ///< used on `slow` only
    StartCode start_code{};
    double decisions_per_minute = 0;
    net::HttpServer* server = nullptr;  ///< set before it starts; handlers run on its thread
    ModelTrial trial{"/proc/self/exe"};
    PolicyLearner* learner = nullptr;  ///< set before the server starts
    boost::asio::thread_pool slow{1};
    boost::asio::thread_pool urgent{1};     ///< for what must not wait behind an upload
    boost::asio::thread_pool measuring{1};  ///< for canaries, which take up to a minute
    std::size_t measurements = 0;           ///< canaries that run or wait
    std::stop_source measuring_stop{};      ///< ends the one that runs
    /// A variant's model and a base of which no delta pays: not tried again by this process.
    using DeltaPair = std::pair<base::Digest, base::Digest>;
    std::set<DeltaPair> useless_deltas{};

    /// Runs `work` on the pool, then `then` with its result on the loop.
    template <typename Work, typename Then>
    void run_slow(Work work, Then then) {
        run_on(slow, std::move(work), std::move(then));
    }
    template <typename Work, typename Then>
    void run_urgent(Work work, Then then) {
        run_on(urgent, std::move(work), std::move(then));
    }
    template <typename Work, typename Then>
    void run_on(boost::asio::thread_pool& pool, Work work, Then then) {
        boost::asio::post(
            pool, [&loop_ = loop, work = std::move(work), then = std::move(then)]() mutable {
                auto result = std::make_shared<decltype(work())>(work());
                boost::asio::post(loop_, [result, then = std::move(then)]() mutable {
                    then(std::move(*result));
                });
            });
    }

    /// Asks the core on behalf of the request's actor and answers with what it says.
    void answer(const wire::HttpRequest& request, int status, core::AdminCommand command,
                net::Responder respond);

    /// Asks, and goes on with an answer of type Reply; any error is the response.
    template <typename Reply>
    void ask(const std::string& actor, core::AdminCommand command, net::Responder respond,
             std::function<void(Reply)> then);

    /// Those of a fleet's models that this gateway has. On `slow` only.
    std::vector<release::DeltaSource> load_bases(const std::vector<core::DeltaBase>& wanted);

    wire::OverviewContext overview_context(const core::Overview& overview) const;
};

/// The content type of a bundle or permit.
inline constexpr std::string_view kBundleType = "application/vnd.frugal.bundle";

/// On `slow`: a bundle of the author this site trusts. kConflict without release.pub.
base::Result<release::VerifiedBundle> open_bundle(const ApiParts& parts, base::ByteView bytes);

/// Handlers by operation; each group adds its own.
void add_bundle_handlers(net::HttpHandlers& handlers, ApiParts& parts);
void add_device_handlers(net::HttpHandlers& handlers, ApiParts& parts);
void add_model_handlers(net::HttpHandlers& handlers, ApiParts& parts);
void add_task_handlers(net::HttpHandlers& handlers, ApiParts& parts);
void add_learning_handlers(net::HttpHandlers& handlers, ApiParts& parts);
void add_policy_handlers(net::HttpHandlers& handlers, ApiParts& parts);
void add_policy_view_handlers(net::HttpHandlers& handlers, ApiParts& parts);
void add_override_handlers(net::HttpHandlers& handlers, ApiParts& parts);
void add_explain_handlers(net::HttpHandlers& handlers, ApiParts& parts);
void add_rollout_handlers(net::HttpHandlers& handlers, ApiParts& parts);
void add_site_handlers(net::HttpHandlers& handlers, ApiParts& parts);
void add_start_handlers(net::HttpHandlers& handlers, ApiParts& parts);

template <typename Reply>
void ApiParts::ask(const std::string& actor, core::AdminCommand command, net::Responder respond,
                   std::function<void(Reply)> then) {
    gateway.ask(actor, std::move(command),
                [respond, then = std::move(then)](base::Result<core::AdminReply> reply) {
                    if (!reply) {
                        respond(wire::problem(reply.error()));
                        return;
                    }
                    then(std::move(std::get<Reply>(*reply)));
                });
}

}  // namespace frugal::app
