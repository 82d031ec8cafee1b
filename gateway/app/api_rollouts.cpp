// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "app/api_parts.hpp"
#include "app/late_encodings.hpp"
#include "release/bundle_import.hpp"
#include "release/release_builder.hpp"
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

/// First the deltas that these devices could use and the release lacks: it may have been imported
/// before they ran what they run now.
void start_rollout(ApiParts& parts, const HttpRequest& request, net::Responder respond) {
    auto command = wire::read_start_rollout(request);
    if (!command) {
        respond(wire::problem(command.error()));
        return;
    }
    core::PlanEncodings missing{command->model, command->release, command->devices};
    complete_encodings(parts, request.actor.name, std::move(missing),
                       [&parts, actor = request.actor.name, command = *command, respond] {
                           parts.gateway.ask(actor, command,
                                             [respond](base::Result<core::AdminReply> reply) {
                                                 respond(wire::admin_response(201, reply));
                                             });
                       });
}

base::Error no_permit_key(const core::RollbackPlan& plan) {
    return {base::ErrorKind::kConflict,
            "this gateway holds no release key, so it cannot sign a permit to go back",
            "a device takes an earlier model only under a manifest with a higher counter",
            fmt::format(
                "Where the key is: frugalctl model permit BUNDLE-OF-{}@{} --key release.key "
                "--release {} --counter {} -o permit.frugal; then here: frugalctl rollout "
                "rollback ROLLOUT --permit permit.frugal.",
                plan.restores->model.text(), plan.restores->release, plan.release, plan.counter)};
}

// On the pool: the author's permit if the request brings one, else one of our own.
base::Result<core::ImportRelease> make_permit(const ApiParts& parts, const core::RollbackPlan& plan,
                                              const base::Bytes& brought) {
    if (!brought.empty()) {
        const auto bundle = open_bundle(parts, brought);
        return bundle ? release::import_permit(*bundle, plan)
                      : base::Result<core::ImportRelease>(tl::unexpected(bundle.error()));
    }
    if (!parts.release_key) {
        return tl::unexpected(no_permit_key(plan));
    }
    return release::build_permit(plan, *parts.release_key);
}

void roll_back(ApiParts& parts, HttpRequest request, net::Responder respond) {
    auto rollout = wire::read_rollout(request);
    if (!rollout) {
        respond(wire::problem(rollout.error()));
        return;
    }
    auto brought = std::make_shared<base::Bytes>();
    if (request.field("content-type") == kBundleType) {
        *brought = std::move(request.body);
    }
    parts.ask<core::RollbackPlan>(
        request.actor.name, core::PlanRollback{*rollout}, respond,
        [&parts, actor = request.actor.name, rollout = *rollout, brought,
         respond](core::RollbackPlan plan) {
            parts.run_urgent(
                [&parts, plan, brought] { return make_permit(parts, plan, *brought); },
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
    handlers["start_rollout"] = [&parts](HttpRequest request, net::Responder respond) {
        start_rollout(parts, request, std::move(respond));
    };
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
        roll_back(parts, std::move(request), std::move(respond));
    };
}

}  // namespace frugal::app
