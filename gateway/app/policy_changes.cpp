// SPDX-License-Identifier: Apache-2.0
#include "app/policy_changes.hpp"

#include <algorithm>

#include "app/policy_choice.hpp"
#include "app/released_task.hpp"
#include "policy/author/policy_file.hpp"

namespace frugal::app {

using base::ErrorKind;
using base::Result;

namespace {

// Not made at the start of the daemon: devices would refuse what a key they never saw has signed.
base::Error no_policy_key(const SiteFiles& files) {
    return {ErrorKind::kConflict, "this gateway holds no policy key, so it cannot sign a policy",
            files.policy_key().string() + " does not exist",
            "If the devices know only the release key, copy release.key and release.pub to "
            "policy.key and policy.pub; else make a pair with frugalctl key generate " +
                files.policy_key().string() +
                " and build policy.pub into the devices. Then restart frugald."};
}

void gather_task(ApiParts& parts, const std::string& actor, const core::ListPolicyVersions& wanted,
                 net::Responder respond, std::function<void(Known)> then) {
    parts.ask<core::TaskList>(
        actor, core::ListTasks{}, respond,
        [&parts, actor, wanted, respond, then = std::move(then)](core::TaskList tasks) {
            parts.ask<core::ModelList>(
                actor, core::ListModels{}, respond,
                [&parts, actor, wanted, respond, then, tasks](core::ModelList models) {
                    parts.ask<core::PolicyHistory>(
                        actor, core::ListPolicyVersions(wanted), respond,
                        [then, tasks, models](core::PolicyHistory history) {
                            then({tasks, models, std::move(history)});
                        });
                });
        });
}

std::optional<wire::HttpResponse> stale(const PolicyRequest& request, const Known& known) {
    if (!request.if_match) {
        return std::nullopt;
    }
    const auto seen = wire::read_if_match(*request.if_match);
    if (!seen) {
        return wire::problem(seen.error());
    }
    const auto checked = check_seen(known.history, request.audience, *seen);
    return checked ? std::nullopt : std::optional(wire::problem(412, checked.error()));
}

wire::HttpResponse response_to(const PolicyRequest& request, const Known& known,
                               const Result<core::AdminReply>& reply) {
    const auto* set = reply ? std::get_if<core::PolicySet>(&*reply) : nullptr;
    if (set != nullptr && request.answer) {
        return request.answer(known, *set);
    }
    auto response = wire::admin_response(200, reply);
    if (set != nullptr) {
        response.fields.push_back({"etag", wire::entity_tag(set->version)});
    }
    return response;
}

void attempt(ApiParts& parts, const PolicyRequest& request, const net::Responder& respond,
             bool is_again) {
    gather(
        parts, request.actor, request.task, request.audience, respond,
        [&parts, request, respond, is_again](const Known& known) {
            // Also the second time, and so in time: numbers rise with every version, so the core
            // takes none that was made of what is no longer so.
            if (auto refusal = stale(request, known)) {
                respond(std::move(*refusal));
                return;
            }
            auto command = request.make(known);
            if (!command) {
                respond(wire::problem(command.error()));
                return;
            }
            parts.gateway.ask(
                request.actor, std::move(*command),
                [&parts, request, respond, is_again, known](const Result<core::AdminReply>& reply) {
                    const bool was_late = !reply && reply.error().kind == ErrorKind::kConflict;
                    if (was_late && !is_again) {
                        attempt(parts, request, respond, true);
                        return;
                    }
                    respond(response_to(request, known, reply));
                });
        });
}

}  // namespace

const core::TaskRecord* find_task(const core::TaskList& list, std::uint32_t task) {
    const auto found = std::ranges::find(list.tasks, task, &core::TaskRecord::task);
    return found == list.tasks.end() ? nullptr : &*found;
}

std::uint32_t input_bytes(const core::TaskList& list, std::uint32_t task) {
    const auto edge = std::ranges::find(list.edge_models, task, &core::EdgeModelRecord::task);
    return edge == list.edge_models.end() ? 0 : edge->input_bytes;
}

const std::vector<std::string>& labels_of(const Known& known, std::uint32_t task) {
    static const std::vector<std::string> kNone;
    const auto* record = find_task(known.tasks, task);
    return record != nullptr ? record->labels : kNone;
}

void gather(ApiParts& parts, const std::string& actor, std::uint32_t task,
            const base::Audience& audience, net::Responder respond,
            std::function<void(Known)> then) {
    const auto id = audience.kind == base::Audience::Kind::kDevice
                        ? base::DeviceId::parse(audience.name)
                        : std::nullopt;
    if (!id) {
        gather_task(parts, actor, {task, audience}, std::move(respond), std::move(then));
        return;
    }
    parts.ask<core::DeviceView>(
        actor, core::GetDevice{*id}, respond,
        [&parts, actor, task, audience, respond, then = std::move(then)](core::DeviceView device) {
            gather_task(parts, actor, {task, audience}, respond, [then, device](Known known) {
                known.device = device;
                then(std::move(known));
            });
        });
}

const crypto::ReleaseKey* signing_key(const ApiParts& parts, const net::Responder& respond) {
    if (!parts.policy_key) {
        respond(wire::problem(no_policy_key(parts.files)));
        return nullptr;
    }
    return &*parts.policy_key;
}

Result<std::vector<CompiledPart>> compile(const Known& known, const wire::PolicyTargetQuery& wanted,
                                          const std::string& text) {
    const auto found = find_released(known.tasks, known.models, wanted.task, wanted.release);
    if (!found) {
        return tl::unexpected(found.error());
    }
    std::optional<base::ClassName> only;
    if (known.device && known.device->capability) {
        only = known.device->capability->device_class;
    }
    return compile_parts(text, *found->task, *found->release,
                         {known.tasks.next_policy, only, input_bytes(known.tasks, wanted.task)});
}

Result<std::uint32_t> group_share(const Known& known, std::uint32_t task, const std::string& text) {
    return policy::read_group_share(text, "policy", find_task(known.tasks, task)->name);
}

Result<core::SetPolicy> authored_version(const Known& known, const wire::PolicyTargetQuery& wanted,
                                         const std::string& text, const crypto::ReleaseKey& key) {
    const auto compiled = compile(known, wanted, text);
    auto signed_parts = compiled ? sign_parts(*compiled, key) : tl::unexpected(compiled.error());
    if (!signed_parts) {
        return tl::unexpected(signed_parts.error());
    }
    const auto share = group_share(known, wanted.task, text);
    if (!share) {
        return tl::unexpected(share.error());
    }
    core::SetPolicy command;
    command.version = {.task = wanted.task,
                       .version = known.tasks.next_policy,
                       .origin = core::PolicyOrigin::kAuthored,
                       .release = wanted.release.text(),
                       .text = text,
                       .parts = std::move(*signed_parts),
                       .group_share_permille = *share};
    return command;
}

Result<core::SetPolicy> version_again(const core::PolicyVersionRecord& source, std::uint32_t number,
                                      const std::string& comment, const crypto::ReleaseKey& key) {
    auto signed_parts = sign_parts(parts_again(source, number), key);
    if (!signed_parts) {
        return tl::unexpected(signed_parts.error());
    }
    core::SetPolicy command;
    command.version = source;
    command.version.version = number;
    command.version.origin = core::PolicyOrigin::kReverted;
    command.version.source = source.version;
    command.version.comment = comment;
    command.version.parts = std::move(*signed_parts);
    return command;
}

std::optional<std::string> if_match_of(const wire::HttpRequest& request) {
    const auto field = request.field("if-match");
    return field ? std::optional(std::string(*field)) : std::nullopt;
}

void set_version(ApiParts& parts, const PolicyRequest& request, const net::Responder& respond) {
    attempt(parts, request, respond, false);
}

}  // namespace frugal::app
