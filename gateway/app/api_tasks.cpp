// SPDX-License-Identifier: Apache-2.0
#include "app/api_parts.hpp"
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

void set_edge_model(ApiParts& parts, HttpRequest request, net::Responder respond) {
    auto task = wire::read_task(request);
    if (!task) {
        respond(wire::problem(task.error()));
        return;
    }
    const std::string name(request.query_value("name").value_or("edge"));
    auto model = std::make_shared<base::Bytes>(std::move(request.body));
    parts.run_slow(
        [&parts, task = *task, name, model]() -> Result<core::SetEdgeModel> {
            if (auto tried = parts.trial.run(TrialKind::kEdgeModel, *model, "edge model " + name);
                !tried) {
                return tl::unexpected(tried.error());
            }
            return check_edge_model(task, name, std::move(*model));
        },
        [&parts, actor = request.actor.name, respond](Result<core::SetEdgeModel> command) {
            if (!command) {
                respond(wire::problem(command.error()));
                return;
            }
            parts.gateway.ask(actor, std::move(*command),
                              [respond](Result<core::AdminReply> reply) {
                                  respond(wire::admin_response(200, reply));
                              });
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
}

}  // namespace frugal::app
