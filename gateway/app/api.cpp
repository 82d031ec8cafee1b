// SPDX-License-Identifier: Apache-2.0
#include "app/api.hpp"

#include <deque>

#include "app/api_parts.hpp"
#include "app/policy_builder.hpp"
#include "app/policy_learner.hpp"
#include "wire/http_routes.hpp"

namespace frugal::app {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kRateSamples = 10;  ///< one a second

Result<net::HttpSettings> http_settings(const Config& config, const SiteFiles& files) {
    net::HttpSettings settings;
    const auto colon = config.http_listen.rfind(':');
    const long port = colon == std::string::npos
                          ? -1
                          : std::strtol(config.http_listen.c_str() + colon + 1, nullptr, 10);
    if (port < 0 || port > 65535) {
        return fail(ErrorKind::kInvalidInput,
                    "http.listen \"" + config.http_listen + "\" is no address and port", {},
                    "Write 127.0.0.1:8443 or [::]:8443.");
    }
    settings.address = config.http_listen.substr(0, colon);
    if (settings.address.starts_with('[') && settings.address.ends_with(']')) {
        settings.address = settings.address.substr(1, settings.address.size() - 2);
    }
    settings.port = static_cast<std::uint16_t>(port);
    settings.certificate_file = files.http_certificate().string();
    settings.key_file = files.http_key().string();
    settings.unix_socket = config.http_socket;
    settings.connections_max = static_cast<std::size_t>(config.http_connections);
    return settings;
}

/// A key that need not be there; one that is there must be good.
Result<std::optional<crypto::ReleaseKey>> load_key(const std::filesystem::path& path) {
    auto key = crypto::ReleaseKey::load(path);
    if (key) {
        return std::optional<crypto::ReleaseKey>(std::move(*key));
    }
    if (key.error().kind == ErrorKind::kNotFound) {
        return std::optional<crypto::ReleaseKey>();
    }
    return tl::unexpected(key.error());
}

/// Likewise.
Result<std::optional<crypto::ReleasePublicKey>> load_public_key(const std::filesystem::path& path) {
    auto key = crypto::ReleasePublicKey::load(path);
    if (key) {
        return std::optional<crypto::ReleasePublicKey>(std::move(*key));
    }
    if (key.error().kind == ErrorKind::kNotFound) {
        return std::optional<crypto::ReleasePublicKey>();
    }
    return tl::unexpected(key.error());
}

}  // namespace

void ApiParts::answer(const wire::HttpRequest& request, int status, core::AdminCommand command,
                      net::Responder respond) {
    gateway.ask(request.actor.name, std::move(command),
                [respond = std::move(respond), status](Result<core::AdminReply> reply) {
                    respond(wire::admin_response(status, reply));
                });
}

wire::OverviewContext ApiParts::overview_context(const core::Overview& overview) const {
    wire::OverviewContext context;
    context.site = config.site_name;
    for (const auto& [device_class, count] : overview.classes) {
        context.classes.push_back({device_class, count.devices, count.online});
    }
    context.decisions_per_minute = decisions_per_minute;
    std::tie(context.bytes_up, context.bytes_down) = gateway.traffic_bytes();
    return context;
}

class Api::Impl {
public:
    // ApiParts holds a thread pool, so it is made in place.
    template <typename... Parts>
    explicit Impl(Parts&&... parts) : parts_{std::forward<Parts>(parts)...} {
        parts_.gateway.on_bind([this](core::BindPolicy&& wanted, auto answer) {
            parts_.run_urgent([this, wanted = std::move(wanted)] { return bind(wanted); },
                              std::move(answer));
        });
    }

    Result<void> start() {
        auto settings = http_settings(parts_.config, parts_.files);
        if (!settings) {
            return tl::unexpected(settings.error());
        }
        parts_.learner = &learner_;
        net::HttpHandlers handlers;
        add_device_handlers(handlers, parts_);
        add_bundle_handlers(handlers, parts_);
        add_model_handlers(handlers, parts_);
        add_task_handlers(handlers, parts_);
        add_learning_handlers(handlers, parts_);
        add_policy_view_handlers(handlers, parts_);
        add_override_handlers(handlers, parts_);
        add_policy_handlers(handlers, parts_);
        add_explain_handlers(handlers, parts_);
        add_rollout_handlers(handlers, parts_);
        add_site_handlers(handlers, parts_);
        add_start_handlers(handlers, parts_);
        server_ = std::make_unique<net::HttpServer>(
            parts_.loop, std::move(*settings), wire::api_routes(), std::move(handlers),
            [this](std::string_view token) { return parts_.tokens.authenticate(token); });
        parts_.server = server_.get();
        if (auto started = server_->start(); !started) {
            return started;
        }
        // Only now: a start that fails must not cost the link that set-up printed.
        auto taken = parts_.start_code.take(parts_.files.start_code(), parts_.clock().instant);
        if (!taken) {
            parts_.log.error("start-link.unusable", taken.error());
        }
        learner_.start();
        return {};
    }

    void stop() {
        if (server_) {
            server_->events().close();
            server_->stop();
        }
        learner_.stop();
        parts_.measuring_stop.request_stop();  // what runs, at its next sample
        parts_.measuring.stop();               // what waits
        parts_.measuring.join();
        parts_.slow.join();
        parts_.urgent.join();
    }

    void reload_certificate() {
        if (auto reloaded = server_->reload_certificate(); !reloaded) {
            parts_.log.error("http.reload-failed", reloaded.error());
        }
    }

    void publish_overview(const core::Overview& overview) {
        samples_.push_back({parts_.clock().instant, overview.intake.decisions});
        if (samples_.size() > kRateSamples) {
            samples_.pop_front();
        }
        const auto span = samples_.back().at - samples_.front().at;
        const double minutes = std::chrono::duration<double, std::ratio<60>>(span).count();
        const auto first = std::min(samples_.front().decisions, samples_.back().decisions);
        parts_.decisions_per_minute =
            minutes > 0 ? static_cast<double>(samples_.back().decisions - first) / minutes : 0;
        if (server_ && server_->events().subscriber_count() > 0) {
            server_->events().publish("overview",
                                      wire::to_json(overview, parts_.overview_context(overview)));
        }
    }

private:
    Result<core::SignedPointer> bind(const core::BindPolicy& wanted) const {
        return parts_.policy_key
                   ? bind_policy(wanted, *parts_.policy_key)
                   : fail(ErrorKind::kConflict, "this gateway holds no key that signs policies");
    }

    struct Sample {
        base::Instant at;
        std::uint64_t decisions;
    };
    ApiParts parts_;
    PolicyLearner learner_{parts_};
    std::unique_ptr<net::HttpServer> server_;
    std::deque<Sample> samples_;
};

Api::Api(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Api::~Api() = default;

Result<std::unique_ptr<Api>> Api::open(boost::asio::io_context& loop, const Config& config,
                                       const Log& log, Gateway& gateway, Clock clock) {
    const SiteFiles files(config.site_directory);
    auto tokens = TokenStore::load(files.tokens());
    if (!tokens) {
        return tl::unexpected(tokens.error());
    }
    auto authority = crypto::SiteAuthority::load(files.authority());
    if (!authority) {
        return tl::unexpected(authority.error());
    }
    auto reader = storage::Reader::open(files.database());
    if (!reader) {
        return tl::unexpected(reader.error());
    }
    auto release_key = load_key(files.release_key());
    auto policy_key = load_key(files.policy_key());
    auto public_key = load_public_key(files.release_public_key());
    if (!release_key || !policy_key || !public_key) {
        return tl::unexpected(!release_key  ? release_key.error()
                              : !policy_key ? policy_key.error()
                                            : public_key.error());
    }
    auto impl =
        std::make_unique<Impl>(loop, config, log, gateway, std::move(clock), files,
                               std::move(*tokens), std::move(*authority), std::move(*release_key),
                               std::move(*public_key), std::move(*policy_key), std::move(*reader));
    return std::unique_ptr<Api>(new Api(std::move(impl)));
}

Result<void> Api::start() {
    return impl_->start();
}
void Api::stop() {
    impl_->stop();
}
void Api::reload_certificate() {
    impl_->reload_certificate();
}
void Api::publish_overview(const core::Overview& overview) {
    impl_->publish_overview(overview);
}

}  // namespace frugal::app
