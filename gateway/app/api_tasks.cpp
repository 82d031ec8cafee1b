// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "app/api_parts.hpp"
#include "app/policy_learner.hpp"
#include "crypto/sha256.hpp"
#include "crypto/verified_manifest.hpp"
#include "inference/engine.hpp"
#include "policy/author/policy_file.hpp"
#include "wire/json_commands.hpp"

namespace frugal::app {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;
using wire::HttpRequest;

/// One policy for each device class of a release, compiled from one file and signed.
Result<std::vector<core::SetPolicy>> build_policies(const std::string& text,
                                                    const core::TaskRecord& task,
                                                    const core::ReleaseRecord& release,
                                                    std::uint32_t policy_id,
                                                    const crypto::ReleaseKey& key) {
    std::vector<core::SetPolicy> policies;
    for (const auto& variant : release.variants) {
        const auto& manifest = variant.manifest->content();
        auto compiled = policy::compile_policy(
            text, "policy", {task.name, task.task, manifest.model_digest, task.labels, policy_id});
        if (!compiled) {
            return fail(compiled.error(), "device class " + manifest.device_class.text());
        }
        auto signature = key.sign(*compiled);
        if (!signature) {
            return tl::unexpected(signature.error());
        }
        auto verified =
            crypto::VerifiedManifest::verify(std::move(*compiled), *signature, key.public_key());
        if (!verified) {
            return tl::unexpected(verified.error());
        }
        policies.push_back({{manifest.device_class, task.task, policy_id,
                             std::make_shared<const core::SignedBlob>(*verified)},
                            {}});
    }
    return policies;
}

/// Sets one after the other; the first refusal is the answer.
void set_policies(ApiParts& parts, const std::string& actor,
                  std::shared_ptr<std::vector<core::SetPolicy>> policies, std::size_t next,
                  net::Responder respond) {
    if (next == policies->size()) {
        respond(wire::json_response(200, "{}"));
        return;
    }
    parts.ask<core::Done>(actor, (*policies)[next], respond,
                          [&parts, actor, policies, next, respond](core::Done) {
                              set_policies(parts, actor, policies, next + 1, respond);
                          });
}

const core::TaskRecord* find_task(const core::TaskList& list, std::uint32_t task) {
    const auto found = std::ranges::find_if(
        list.tasks, [&](const core::TaskRecord& record) { return record.task == task; });
    return found == list.tasks.end() ? nullptr : &*found;
}

struct PolicyRequest {
    std::string actor;
    std::string text;
    std::uint32_t task = 0;
    ReleaseName release;
};

void compile_and_set(ApiParts& parts, const PolicyRequest& wanted, const core::TaskList& tasks,
                     const core::ModelList& models, net::Responder respond) {
    const core::TaskRecord* task = find_task(tasks, wanted.task);
    const auto release = std::ranges::find_if(models.releases, [&](const auto& one) {
        return one->model == wanted.release.model && one->release == wanted.release.release;
    });
    if (task == nullptr || release == models.releases.end()) {
        respond(wire::problem(base::Error{ErrorKind::kNotFound,
                                          "no such task or release",
                                          {},
                                          "GET /api/v1/tasks and /api/v1/models list them."}));
        return;
    }
    std::uint32_t policy_id = 1;
    for (const auto& policy : tasks.policies) {
        policy_id = std::max(policy_id, policy.policy + 1);
    }
    auto policies = build_policies(wanted.text, *task, **release, policy_id, *parts.policy_key);
    if (!policies) {
        respond(wire::problem(policies.error()));
        return;
    }
    parts.learner->on_authored(
        policy_id,
        {wanted.text, wanted.release.model.text() + "@" + std::to_string(wanted.release.release)});
    set_policies(parts, wanted.actor,
                 std::make_shared<std::vector<core::SetPolicy>>(std::move(*policies)), 0,
                 std::move(respond));
}

// Not made at the start of the daemon: devices would refuse what a key they never saw has signed.
base::Error no_policy_key(const SiteFiles& files) {
    return {ErrorKind::kConflict, "this gateway holds no policy key, so it cannot sign a policy",
            files.policy_key().string() + " does not exist",
            "If the devices know only the release key, copy release.key and release.pub to "
            "policy.key and policy.pub; else make a pair with frugalctl key generate " +
                files.policy_key().string() +
                " and build policy.pub into the devices. Then restart frugald."};
}

void set_policy(ApiParts& parts, const HttpRequest& request, net::Responder respond) {
    auto task = wire::read_task(request);
    auto release = read_release_name(request);
    if (!task || !release) {
        respond(wire::problem(!task ? task.error() : release.error()));
        return;
    }
    if (!parts.policy_key) {
        respond(wire::problem(no_policy_key(parts.files)));
        return;
    }
    const PolicyRequest wanted{request.actor.name, std::string(base::as_text(request.body)), *task,
                               *release};
    parts.ask<core::TaskList>(
        wanted.actor, core::ListTasks{}, respond, [&parts, wanted, respond](core::TaskList tasks) {
            parts.ask<core::ModelList>(wanted.actor, core::ListModels{}, respond,
                                       [&parts, wanted, tasks, respond](core::ModelList models) {
                                           compile_and_set(parts, wanted, tasks, models, respond);
                                       });
        });
}

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

Result<ReleaseName> read_release_name(const HttpRequest& request) {
    const std::string text(request.query_value("release").value_or(""));
    const auto at = text.find('@');
    const auto model = base::ModelName::parse(text.substr(0, at));
    const long number =
        at == std::string::npos ? 0 : std::strtol(text.c_str() + at + 1, nullptr, 10);
    if (!model || number < 1 || number > INT32_MAX) {
        return fail(ErrorKind::kInvalidInput,
                    "query key release: \"" + text + "\" names no release", {},
                    "Write MODEL@NUMBER, e.g. release=fashion@2.");
    }
    return ReleaseName{*model, static_cast<std::uint32_t>(number)};
}

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
    handlers["set_policy"] = [&parts](HttpRequest request, net::Responder respond) {
        set_policy(parts, request, std::move(respond));
    };
    handlers["set_edge_model"] = [&parts](HttpRequest request, net::Responder respond) {
        set_edge_model(parts, std::move(request), std::move(respond));
    };
}

}  // namespace frugal::app
