// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "app/api_parts.hpp"
#include "app/canary_measure.hpp"
#include "app/edge_fit.hpp"
#include "crypto/sha256.hpp"
#include "inference/engine.hpp"
#include "wire/json_commands.hpp"
#include "wire/json_views_learning.hpp"

namespace frugal::app {

namespace {

using base::fail;
using base::Result;
using wire::HttpRequest;

struct EdgeUpload {
    core::SetEdgeModel command;
    std::size_t classes = 0;
    std::optional<wire::CanaryRequest> canary{};
};

Result<EdgeUpload> read_edge_model(std::uint32_t task, const std::string& name, base::Bytes model) {
    auto engine = inference::Engine::load(model);
    if (!engine) {
        return fail(engine.error(), "edge model " + name);
    }
    EdgeUpload upload;
    upload.classes = engine->class_count();
    const base::Digest digest = crypto::sha256(model);
    upload.command.model = {task, digest, name, static_cast<std::uint32_t>(engine->input_size())};
    upload.command.blob = {digest, core::BlobKind::kEdgeModel,
                           std::make_shared<const base::Bytes>(std::move(model))};
    return upload;
}

Result<std::string> check_fit(const EdgeUpload& upload, const core::TaskList& tasks,
                              const core::ModelList& models) {
    const auto& model = upload.command.model;
    const auto task = std::ranges::find(tasks.tasks, model.task, &core::TaskRecord::task);
    std::vector<DeviceInput> devices;
    for (const auto& release : models.releases) {
        for (const auto& variant : release->variants) {
            const auto bytes = variant.manifest->content().input_bytes;
            if (release->task == model.task && bytes != 0) {
                devices.push_back(
                    {release->model.text() + "@" + std::to_string(release->release), bytes});
            }
        }
    }
    return check_edge_fit({model.name, model.task, model.input_bytes, upload.classes},
                          task != tasks.tasks.end() ? task->labels.size() : 0, devices);
}

/// The core's answer; with `measured` what was registered of the model that serves now instead,
/// with a note the note.
void serve(ApiParts& parts, const std::string& actor, core::SetEdgeModel command,
           std::optional<Measured> measured, const std::string& note,
           const net::Responder& respond) {
    parts.gateway.ask(actor, std::move(command),
                      [&parts, actor, measured = std::move(measured), note,
                       respond](const Result<core::AdminReply>& reply) {
                          if (reply && measured) {
                              register_measured(parts, actor, *measured, respond);
                          } else if (reply && !note.empty()) {
                              respond(wire::json_response(200, wire::note_json(note)));
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
                serve(parts, actor, command, std::move(measured), {}, respond);
            });
}

void serve_if_it_fits(ApiParts& parts, const std::string& actor,
                      const std::shared_ptr<EdgeUpload>& upload, const net::Responder& respond) {
    const auto go_on = [&parts, actor, upload, respond](const core::TaskList& tasks,
                                                        const core::ModelList& models) {
        const auto fit = check_fit(*upload, tasks, models);
        if (!fit) {
            respond(wire::problem(fit.error()));
        } else if (upload->canary) {
            serve_if_it_passes(parts, actor, std::move(upload->command), std::move(*upload->canary),
                               respond);
        } else {
            serve(parts, actor, std::move(upload->command), std::nullopt, *fit, respond);
        }
    };
    parts.ask<core::TaskList>(
        actor, core::ListTasks{}, respond, [&parts, actor, respond, go_on](core::TaskList tasks) {
            parts.ask<core::ModelList>(
                actor, core::ListModels{}, respond,
                [go_on, tasks](const core::ModelList& models) { go_on(tasks, models); });
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
        [&parts, wanted]() -> Result<EdgeUpload> {
            if (auto tried = parts.trial.run(TrialKind::kEdgeModel, wanted->model,
                                             "edge model " + wanted->name);
                !tried) {
                return tl::unexpected(tried.error());
            }
            return read_edge_model(wanted->task, wanted->name, std::move(wanted->model));
        },
        [&parts, wanted, actor = request.actor.name, respond](Result<EdgeUpload> upload) {
            if (!upload) {
                respond(wire::problem(upload.error()));
                return;
            }
            upload->canary = std::move(wanted->canary);
            serve_if_it_fits(parts, actor, std::make_shared<EdgeUpload>(std::move(*upload)),
                             respond);
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
