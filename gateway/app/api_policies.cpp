// SPDX-License-Identifier: Apache-2.0
// Policies over REST: set, revert, follow and steer their way to the devices. The core keeps and
// stages them.

#include "app/file_difference.hpp"
#include "app/policy_changes.hpp"
#include "app/policy_choice.hpp"
#include "wire/json_commands.hpp"

namespace frugal::app {

namespace {

using base::ErrorKind;
using base::Result;
using wire::HttpRequest;

void set_policy(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto wanted = wire::read_set_policy(request);
    if (!wanted) {
        respond(wire::problem(wanted.error()));
        return;
    }
    const auto* key = signing_key(parts, respond);
    if (key == nullptr) {
        return;
    }
    const auto compiled = std::make_shared<std::vector<CompiledPart>>();
    const auto make = [text = std::string(base::as_text(request.body)), key, wanted = *wanted,
                       compiled](const Known& known) {
        return authored_version(known, wanted.target, text, *key).map([&](core::SetPolicy command) {
            command.version.comment = wanted.comment;
            command.version.audience = wanted.target.audience;
            command.steps = wanted.steps;
            command.is_trial = wanted.is_dry_run;
            command.asks_use = true;
            *compiled = parts_of(command.version);
            return command;
        });
    };
    const auto& target = wanted->target;
    PolicyRequest change{request.actor.name, target.task, target.audience, make,
                         if_match_of(request)};
    if (wanted->is_dry_run) {
        change.answer = [target, text = std::string(base::as_text(request.body)), compiled](
                            const Known& known, const core::PolicySet& set) {
            const auto differs = file_difference(known, target, text, *compiled);
            return differs ? wire::json_response(200, wire::policy_trial_json(set, *differs))
                           : wire::problem(differs.error());
        };
    }
    set_version(parts, change, respond);
}

/// Every device class goes back to what it obeyed before the version on its way. Not proved again:
/// it is in force, and a version that misbehaves must be stopped in any case.
Result<core::SetPolicy> taken_back(const Known& known, const std::string& comment,
                                   const crypto::ReleaseKey& key) {
    if (known.history.candidate == 0) {
        return base::fail(ErrorKind::kConflict, "no policy is on its way that could be taken back",
                          {}, "frugalctl policy revert goes back to an earlier version.");
    }
    const auto before = all_in_force(known.tasks, known.history);
    const auto what = "takes version " + std::to_string(known.history.candidate) + " back";
    return version_again(before, known.tasks.next_policy, comment.empty() ? what : comment, key);
}

Result<core::SetPolicy> reverted(const Known& known, const wire::RevertPolicyQuery& wanted,
                                 const crypto::ReleaseKey& key) {
    if (!wanted.to && known.history.candidate != 0 && wanted.audience.is_class()) {
        return taken_back(known, wanted.comment, key);
    }
    const auto source = version_to_revert(known.history, wanted.to, wanted.audience);
    if (!source) {
        return tl::unexpected(source.error());
    }
    const auto* task = find_task(known.tasks, wanted.task);
    const auto proved = task != nullptr
                            ? prove_again(**source, *task, input_bytes(known.tasks, task->task))
                            : Result<void>();
    if (!proved) {
        return tl::unexpected(proved.error());
    }
    return version_again(**source, known.tasks.next_policy, wanted.comment, key)
        .map([&](core::SetPolicy command) {
            command.version.audience = wanted.audience;
            return command;
        });
}

void revert_policy(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto wanted = wire::read_revert_policy(request);
    if (!wanted) {
        respond(wire::problem(wanted.error()));
        return;
    }
    if (const auto* key = signing_key(parts, respond)) {
        const auto make = [wanted = *wanted, key](const Known& known) {
            return reverted(known, wanted, *key);
        };
        set_version(
            parts, {request.actor.name, wanted->task, wanted->audience, make, if_match_of(request)},
            respond);
    }
}

void abort_rollout(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto task = wire::read_task(request);
    if (!task) {
        respond(wire::problem(task.error()));
        return;
    }
    if (const auto* key = signing_key(parts, respond)) {
        const auto make = [key](const Known& known) { return taken_back(known, {}, *key); };
        set_version(parts, {request.actor.name, *task, {}, make}, respond);
    }
}

void list_versions(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    auto wanted = wire::read_list_policy_versions(request);
    if (wanted) {
        parts.answer(request, 200, std::move(*wanted), respond);
    } else {
        respond(wire::problem(wanted.error()));
    }
}

/// A route that only names its task.
template <typename Command>
net::HttpHandler of_task(ApiParts& parts) {
    return [&parts](HttpRequest request, net::Responder respond) {
        const auto task = wire::read_task(request);
        if (!task) {
            respond(wire::problem(task.error()));
            return;
        }
        parts.answer(request, 200, Command{*task}, std::move(respond));
    };
}

}  // namespace

void add_policy_handlers(net::HttpHandlers& handlers, ApiParts& parts) {
    const auto with = [&parts](auto* operation) {
        return [&parts, operation](HttpRequest request, net::Responder respond) {
            operation(parts, request, respond);
        };
    };
    handlers["set_policy"] = with(set_policy);
    handlers["revert_policy"] = with(revert_policy);
    handlers["abort_policy_rollout"] = with(abort_rollout);
    handlers["list_policy_versions"] = with(list_versions);
    handlers["get_policy_rollout"] = of_task<core::GetPolicyRollout>(parts);
    handlers["resume_policy_rollout"] = of_task<core::ResumePolicyRollout>(parts);
}

}  // namespace frugal::app
