// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <tuple>

#include "app/api_parts.hpp"
#include "app/late_encodings.hpp"
#include "app/sandbox/release_trial.hpp"
#include "crypto/sha256.hpp"
#include "release/release_builder.hpp"
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
                "Build a bundle where the key is (frugalctl model build) and import that.");
}

/// The newest release of the model if it holds exactly these variants: an upload repeated because
/// its answer came late, or never, makes no second release.
std::optional<core::ReleaseImported> same_release(const core::ModelList& all,
                                                  const release::ReleaseSource& source) {
    using Key = std::tuple<base::ClassName, base::Digest, std::uint32_t>;
    const core::ReleaseRecord* newest = nullptr;
    for (const auto& release : all.releases) {
        const bool is_newer = newest == nullptr || release->release > newest->release;
        newest = release->model == source.model && is_newer ? release.get() : newest;
    }
    if (newest == nullptr || newest->restores || newest->task != source.task) {
        return std::nullopt;
    }
    std::set<Key> has;
    for (const auto& variant : newest->variants) {
        const auto& content = variant.manifest->content();
        has.emplace(content.device_class, content.model_digest, content.accuracy_permyriad);
    }
    std::set<Key> wants;
    for (const auto& variant : source.variants) {
        wants.emplace(variant.device_class, crypto::sha256(variant.tflite),
                      variant.accuracy_permyriad);
    }
    return has == wants ? std::optional(core::ReleaseImported{newest->number, newest->release})
                        : std::nullopt;
}

/// Goes on with `then`, unless the site has this very release already: then that is the answer,
/// once it has a delta against everything that devices run by now.
void unless_imported(ApiParts& parts, const std::string& actor,
                     std::shared_ptr<const release::ReleaseSource> source, net::Responder respond,
                     std::function<void()> then) {
    parts.ask<core::ModelList>(
        actor, core::ListModels{}, respond,
        [&parts, actor, source, respond, then = std::move(then)](const core::ModelList& all) {
            const auto same = same_release(all, *source);
            if (!same) {
                then();
                return;
            }
            complete_encodings(parts, actor, {source->model, same->release}, [respond, same] {
                respond(wire::admin_response(200, core::AdminReply{*same}));
            });
        });
}

void build_and_import(ApiParts& parts, const std::string& actor, release::ReleaseSource source,
                      std::vector<core::DeltaBase> bases, net::Responder respond) {
    auto shared = std::make_shared<release::ReleaseSource>(std::move(source));
    parts.run_slow(
        [&parts, shared, bases = std::move(bases)]() -> base::Result<core::ImportRelease> {
            if (auto tried = try_release(parts.trial, *shared); !tried) {
                return tl::unexpected(tried.error());
            }
            shared->bases = parts.load_bases(bases);
            return release::build_release(*shared, *parts.release_key);
        },
        [&parts, actor, shared, respond](base::Result<core::ImportRelease> import) {
            if (!import) {
                respond(wire::problem(import.error()));
                return;
            }
            // Again: the same upload may have been on the pool before this one.
            auto built = std::make_shared<core::ImportRelease>(std::move(*import));
            unless_imported(parts, actor, shared, respond, [&parts, actor, built, respond] {
                parts.gateway.ask(actor, std::move(*built),
                                  [respond](base::Result<core::AdminReply> reply) {
                                      respond(wire::admin_response(201, reply));
                                  });
            });
        });
}

using SourcePointer = std::shared_ptr<release::ReleaseSource>;

/// The task's classes first: a model must tell as many apart. An unknown task is the plan's error.
void plan_and_build(ApiParts& parts, const std::string& actor, SourcePointer source,
                    net::Responder respond) {
    const auto build = [&parts, actor, source, respond](core::ReleasePlan plan) {
        source->release = plan.release;
        source->counter = plan.counter;
        build_and_import(parts, actor, std::move(*source), std::move(plan.bases), respond);
    };
    parts.ask<core::TaskList>(
        actor, core::ListTasks{}, respond,
        [&parts, actor, source, respond, build](const core::TaskList& tasks) {
            const auto task = std::ranges::find(tasks.tasks, source->task, &core::TaskRecord::task);
            source->labels = task == tasks.tasks.end() ? std::vector<std::string>() : task->labels;
            parts.ask<core::ReleasePlan>(actor, core::PlanRelease{source->model, source->task},
                                         respond, build);
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
    release::ReleaseSource source{body->model, 0, 0, body->task, {}};
    for (auto& variant : body->variants) {
        source.variants.push_back(
            {variant.device_class, std::move(variant.tflite), variant.accuracy_permyriad});
    }
    auto shared = std::make_shared<release::ReleaseSource>(std::move(source));
    unless_imported(parts, request.actor.name, shared, respond,
                    [&parts, actor = request.actor.name, shared, respond] {
                        plan_and_build(parts, actor, shared, respond);
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
                                                  "frugalctl model list (GET /api/v1/models) shows "
                                                  "them."}));
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
