// SPDX-License-Identifier: Apache-2.0
#include "app/api_parts.hpp"
#include "app/canary_measure.hpp"
#include "crypto/sha256.hpp"
#include "inference/engine.hpp"
#include "wire/json_commands.hpp"

namespace frugal::app {

namespace {

using base::Result;
using wire::HttpRequest;

Result<core::SetEdgeModel> check_edge_model(std::uint32_t task, const std::string& name,
                                            base::Bytes model) {
    auto engine = inference::Engine::load(model);
    if (!engine) {
        return tl::unexpected(engine.error());
    }
    const base::Digest digest = crypto::sha256(model);
    return core::SetEdgeModel{
        {task, digest, name, static_cast<std::uint32_t>(engine->input_size())},
        {digest, core::BlobKind::kEdgeModel,
         std::make_shared<const base::Bytes>(std::move(model))}};
}

/// The core's answer, or with `measured` what was registered of the model that serves now.
void serve(ApiParts& parts, const std::string& actor, core::SetEdgeModel command,
           std::optional<Measured> measured, const net::Responder& respond) {
    parts.gateway.ask(actor, std::move(command),
                      [&parts, actor, measured = std::move(measured),
                       respond](const Result<core::AdminReply>& reply) {
                          if (reply && measured) {
                              register_measured(parts, actor, *measured, respond);
                          } else {
                              respond(wire::admin_response(200, reply));
                          }
                      });
}

void serve_if_it_passes(ApiParts& parts, const std::string& actor, core::SetEdgeModel command,
                        wire::CanaryRequest canary, const net::Responder& respond) {
    EdgeCandidate candidate{command.model.digest, *command.blob.bytes};
    measure(parts, actor, std::move(canary), std::move(candidate), respond,
            [&parts, actor, command, respond](Measured measured) mutable {
                if (const auto passed = judge(measured.pairs); !passed) {
                    respond(wire::problem(passed.error()));
                    return;
                }
                // Another request may have been faster: the figures say nothing of its model.
                command.instead_of = measured.predecessor;
                serve(parts, actor, command, std::move(measured), respond);
            });
}

void set_edge_model(ApiParts& parts, HttpRequest request, net::Responder respond) {
    auto read = wire::read_set_edge_model(request);
    if (!read) {
        respond(wire::problem(read.error()));
        return;
    }
    auto wanted = std::make_shared<wire::EdgeModelRequest>(std::move(*read));
    parts.run_slow(
        [&parts, wanted]() -> Result<core::SetEdgeModel> {
            if (auto tried = parts.trial.run(TrialKind::kEdgeModel, wanted->model,
                                             "edge model " + wanted->name);
                !tried) {
                return tl::unexpected(tried.error());
            }
            return check_edge_model(wanted->task, wanted->name, std::move(wanted->model));
        },
        [&parts, wanted, actor = request.actor.name, respond](Result<core::SetEdgeModel> command) {
            if (!command) {
                respond(wire::problem(command.error()));
            } else if (wanted->canary) {
                serve_if_it_passes(parts, actor, std::move(*command), std::move(*wanted->canary),
                                   respond);
            } else {
                serve(parts, actor, std::move(*command), std::nullopt, respond);
            }
        });
}

void set_canary(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    auto wanted = wire::read_canary(request);
    if (!wanted) {
        respond(wire::problem(wanted.error()));
        return;
    }
    measure(parts, request.actor.name, std::move(*wanted), std::nullopt, respond,
            [&parts, actor = request.actor.name, respond](const Measured& measured) {
                register_measured(parts, actor, measured, respond);
            });
}

}  // namespace

void add_task_handlers(net::HttpHandlers& handlers, ApiParts& parts) {
    handlers["list_tasks"] = [&parts](HttpRequest request, net::Responder respond) {
        parts.answer(request, 200, core::ListTasks{}, std::move(respond));
    };
    handlers["define_task"] = [&parts](HttpRequest request, net::Responder respond) {
        auto command = wire::read_define_task(request);
        if (!command) {
            respond(wire::problem(command.error()));
            return;
        }
        parts.answer(request, 200, std::move(*command), std::move(respond));
    };
    handlers["set_edge_model"] = [&parts](HttpRequest request, net::Responder respond) {
        set_edge_model(parts, std::move(request), std::move(respond));
    };
    handlers["set_canary"] = [&parts](const HttpRequest& request, const net::Responder& respond) {
        set_canary(parts, request, respond);
    };
}

}  // namespace frugal::app
