// SPDX-License-Identifier: Apache-2.0
#include "app/late_encodings.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "app/blob_cache.hpp"
#include "base/fault_point.hpp"
#include "base/release_name.hpp"
#include "release/late_deltas.hpp"

namespace frugal::app {

namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kPairsMax = 4096;  ///< remembered; then it starts anew
/// From the request on, waiting behind other work included: no delta is begun later than this, and
/// nobody waits longer for those that were. The server gives up on a request after 60 s.
constexpr std::chrono::seconds kPatience{20};

struct Request {
    std::string actor;
    core::EncodingPlan plan;
    std::function<void()> then;
};

std::string name_of(const Request& request) {
    return base::ReleaseName{request.plan.release->model, request.plan.release->release}.text();
}

ApiParts::DeltaPair pair_of(const core::EncodingPlan& plan, const core::MissingDelta& missing) {
    const auto& variant = plan.release->variants[missing.variant];
    return {variant.manifest->content().model_digest, missing.base};
}

void tell(const ApiParts& parts, const Request& request, const release::LateDeltas& made) {
    for (const auto& error : made.errors) {
        parts.log.error("release.encode-failed", error);
    }
    if (made.left != 0) {
        parts.log.write(LogLevel::kWarning, "release.encode-unfinished",
                        {{"release", name_of(request)}, {"left", std::to_string(made.left)}});
    }
}

void remember_useless(ApiParts& parts, const Request& request, const release::LateDeltas& made) {
    if (parts.useless_deltas.size() + made.useless.size() > kPairsMax) {
        parts.useless_deltas.clear();
    }
    for (const auto& missing : made.useless) {
        parts.useless_deltas.insert(pair_of(request.plan, missing));
    }
}

void store(ApiParts& parts, Request request, release::LateDeltas made) {
    tell(parts, request, made);
    remember_useless(parts, request, made);
    if (made.added.variants.empty()) {
        request.then();
        return;
    }
    base::fault_point("encodings.made");
    const auto actor = request.actor;
    parts.gateway.ask(
        actor, std::move(made.added),
        [&parts, request = std::move(request)](const base::Result<core::AdminReply>& reply) {
            if (reply) {
                parts.log.write(LogLevel::kInfo, "release.encoded",
                                {{"release", name_of(request)}});
            } else {
                parts.log.error("release.encode-failed", reply.error());
            }
            request.then();
        });
}

/// `then`, once: when it is called, or when patience is over.
std::function<void()> at_last(ApiParts& parts, std::function<void()> then) {
    const auto left = std::make_shared<std::function<void()>>(std::move(then));
    const auto timer = std::make_shared<boost::asio::steady_timer>(parts.loop, kPatience);
    const auto go_on = [left] {
        if (const auto once = std::exchange(*left, {})) {
            once();
        }
    };
    timer->async_wait([timer, go_on](const boost::system::error_code& error) {
        if (!error) {
            go_on();
        }
    });
    return [timer, go_on] {
        timer->cancel();
        go_on();
    };
}

// Both models of a delta were stored by an import, so a confined child has survived them.
void encode(ApiParts& parts, Request request) {
    auto plan = request.plan;  // before the request moves on: arguments have no order
    parts.run_slow(
        [&parts, plan = std::move(plan), until = Steady::now() + kPatience] {
            return release::make_late_deltas(
                plan, [&parts](const auto& digest) { return read_blob(parts.reader, digest); },
                [until] { return Steady::now() < until; });
        },
        [&parts, request = std::move(request)](release::LateDeltas made) mutable {
            store(parts, std::move(request), std::move(made));
        });
}

}  // namespace

void complete_encodings(ApiParts& parts, const std::string& actor, core::PlanEncodings query,
                        std::function<void()> then) {
    parts.gateway.ask(
        actor, std::move(query),
        [&parts, actor, then = std::move(then)](base::Result<core::AdminReply> reply) {
            // An unknown release is the caller's error, told by what comes next.
            auto plan =
                reply ? std::get<core::EncodingPlan>(std::move(*reply)) : core::EncodingPlan{};
            std::erase_if(plan.missing, [&](const core::MissingDelta& missing) {
                return parts.useless_deltas.contains(pair_of(plan, missing));
            });
            if (plan.missing.empty()) {
                then();
                return;
            }
            encode(parts, {actor, std::move(plan), at_last(parts, then)});
        });
}

}  // namespace frugal::app
