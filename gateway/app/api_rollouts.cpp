// SPDX-License-Identifier: Apache-2.0
#include "app/api_parts.hpp"
#include "app/release_builder.hpp"
#include "wire/json_commands.hpp"

namespace frugal::app {

namespace {

using wire::HttpRequest;

template <typename Read>
net::HttpHandler reading_handler(ApiParts& parts, int status, Read read) {
    return [&parts, status, read](HttpRequest request, net::Responder respond) {
        auto command = read(request);
        if (!command) {
            respond(wire::problem(command.error()));
            return;
        }
        parts.answer(request, status, std::move(*command), std::move(respond));
    };
}

void roll_back(ApiParts& parts, const HttpRequest& request, net::Responder respond) {
    auto rollout = wire::read_rollout(request);
    if (!rollout || !parts.release_key) {
        respond(wire::problem(
            rollout ? base::Error{base::ErrorKind::kConflict,
                                  "this gateway holds no release key, so it cannot sign a permit",
                                  {},
                                  "Put the release key into the site's directory."}
                    : rollout.error()));
        return;
    }
    parts.ask<core::RollbackPlan>(
        request.actor.name, core::PlanRollback{*rollout}, respond,
        [&parts, actor = request.actor.name, rollout = *rollout, respond](core::RollbackPlan plan) {
            parts.run_urgent(
                [&parts, plan] { return build_permit(plan, *parts.release_key); },
                [&parts, actor, rollout, respond](base::Result<core::ImportRelease> permit) {
                    if (!permit) {
                        respond(wire::problem(permit.error()));
                        return;
                    }
                    parts.gateway.ask(actor, core::RollbackRollout{rollout, std::move(*permit)},
                                      [respond](base::Result<core::AdminReply> reply) {
                                          respond(wire::admin_response(201, reply));
                                      });
                });
        });
}

}  // namespace

void add_rollout_handlers(net::HttpHandlers& handlers, ApiParts& parts) {
    handlers["list_rollouts"] = [&parts](HttpRequest request, net::Responder respond) {
        parts.answer(request, 200, core::ListRollouts{}, std::move(respond));
    };
    handlers["start_rollout"] = reading_handler(parts, 201, wire::read_start_rollout);
    handlers["get_rollout"] = reading_handler(parts, 200, wire::read_get_rollout);
    handlers["abort_rollout"] = reading_handler(
        parts, 200, [](const HttpRequest& request) -> base::Result<core::AbortRollout> {
            auto rollout = wire::read_rollout(request);
            if (!rollout) {
                return tl::unexpected(rollout.error());
            }
            return core::AbortRollout{*rollout};
        });
    handlers["rollback_rollout"] = [&parts](HttpRequest request, net::Responder respond) {
        roll_back(parts, request, std::move(respond));
    };
}

}  // namespace frugal::app
