// SPDX-License-Identifier: Apache-2.0
#include "app/api_parts.hpp"
#include "app/release_builder.hpp"
#include "crypto/sha256.hpp"
#include "wire/json_commands.hpp"

namespace frugal::app {

namespace {

using base::ErrorKind;
using base::fail;
using wire::HttpRequest;

base::Result<void> need_key(const ApiParts& parts) {
    if (parts.release_key) {
        return {};
    }
    return fail(ErrorKind::kConflict, "this gateway holds no release key, so it cannot sign",
                parts.files.release_key().string() + " does not exist",
                "Sign releases where the key is, or put it there.");
}

// On the pool. What this gateway never had, or cannot read, is no base: a full encoding does.
std::vector<DeltaSource> load_bases(ApiParts& parts, const std::vector<core::DeltaBase>& wanted) {
    std::vector<DeltaSource> bases;
    for (const auto& base : wanted) {
        auto tflite = parts.reader.blob(base.model_digest);
        if (tflite && crypto::sha256(*tflite) == base.model_digest) {
            bases.push_back({base.device_class, base.model_digest, std::move(*tflite)});
        }
    }
    return bases;
}

void build_and_import(ApiParts& parts, const std::string& actor, ReleaseSource source,
                      std::vector<core::DeltaBase> bases, net::Responder respond) {
    auto shared = std::make_shared<ReleaseSource>(std::move(source));
    parts.run_slow(
        [&parts, shared, bases = std::move(bases)] {
            shared->bases = load_bases(parts, bases);
            return build_release(*shared, *parts.release_key);
        },
        [&parts, actor, respond](base::Result<core::ImportRelease> import) {
            if (!import) {
                respond(wire::problem(import.error()));
                return;
            }
            parts.gateway.ask(actor, std::move(*import),
                              [respond](base::Result<core::AdminReply> reply) {
                                  respond(wire::admin_response(201, reply));
                              });
        });
}

void import_model(ApiParts& parts, HttpRequest request, net::Responder respond) {
    auto body = wire::read_import_model(request);
    if (!body) {
        respond(wire::problem(body.error()));
        return;
    }
    if (auto key = need_key(parts); !key) {
        respond(wire::problem(key.error()));
        return;
    }
    ReleaseSource source{body->model, 0, 0, body->task, {}};
    for (auto& variant : body->variants) {
        source.variants.push_back(
            {variant.device_class, std::move(variant.tflite), variant.accuracy_permyriad});
    }
    auto shared = std::make_shared<ReleaseSource>(std::move(source));
    parts.ask<core::ReleasePlan>(
        request.actor.name, core::PlanRelease{body->model, body->task}, respond,
        [&parts, actor = request.actor.name, shared, respond](core::ReleasePlan plan) {
            shared->release = plan.release;
            shared->counter = plan.counter;
            build_and_import(parts, actor, std::move(*shared), std::move(plan.bases), respond);
        });
}

void get_model(ApiParts& parts, const HttpRequest& request, net::Responder respond) {
    auto name = wire::read_model(request);
    if (!name) {
        respond(wire::problem(name.error()));
        return;
    }
    parts.ask<core::ModelList>(
        request.actor.name, core::ListModels{}, respond,
        [name = *name, respond](core::ModelList all) {
            std::erase_if(all.releases,
                          [&](const auto& release) { return release->model != name; });
            if (all.releases.empty()) {
                respond(wire::problem(base::Error{ErrorKind::kNotFound,
                                                  "no model is named \"" + name.text() + "\"",
                                                  {},
                                                  "GET /api/v1/models lists them."}));
                return;
            }
            respond(wire::json_response(200, wire::to_json(all)));
        });
}

}  // namespace

void add_model_handlers(net::HttpHandlers& handlers, ApiParts& parts) {
    handlers["list_models"] = [&parts](HttpRequest request, net::Responder respond) {
        parts.answer(request, 200, core::ListModels{}, std::move(respond));
    };
    handlers["get_model"] = [&parts](HttpRequest request, net::Responder respond) {
        get_model(parts, request, std::move(respond));
    };
    handlers["get_fit"] = [&parts](HttpRequest request, net::Responder respond) {
        auto query = wire::read_get_fit(request);
        if (!query) {
            respond(wire::problem(query.error()));
            return;
        }
        parts.answer(request, 200, std::move(*query), std::move(respond));
    };
    handlers["import_model"] = [&parts](HttpRequest request, net::Responder respond) {
        import_model(parts, std::move(request), std::move(respond));
    };
}

}  // namespace frugal::app
