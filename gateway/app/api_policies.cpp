// SPDX-License-Identifier: Apache-2.0
// Policies over REST: set, revert, look at versions and differences, follow and steer their way to
// the devices. The core keeps and stages them; compiling and signing happens here.
#include <algorithm>
#include <optional>

#include "app/api_parts.hpp"
#include "app/policy_builder.hpp"
#include "app/policy_choice.hpp"
#include "policy/author/compiled_policy.hpp"
#include "policy/author/policy_file.hpp"
#include "wire/json_commands.hpp"
#include "wire/policy_queries.hpp"

namespace frugal::app {

namespace {

using base::ErrorKind;
using base::Result;
using wire::HttpRequest;

const core::TaskRecord* find_task(const core::TaskList& list, std::uint32_t task) {
    const auto found = std::ranges::find(list.tasks, task, &core::TaskRecord::task);
    return found == list.tasks.end() ? nullptr : &*found;
}

base::Error no_such(const std::string& what, const std::string& remedy) {
    return {ErrorKind::kNotFound, what, {}, remedy};
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

/// The key that signs policies, or the problem that answers instead.
const crypto::ReleaseKey* signing_key(const ApiParts& parts, const net::Responder& respond) {
    if (!parts.policy_key) {
        respond(wire::problem(no_policy_key(parts.files)));
        return nullptr;
    }
    return &*parts.policy_key;
}

/// Everything a change of a task's policy starts from.
struct Known {
    core::TaskList tasks;
    core::ModelList models;
    core::PolicyHistory history;
};

void gather(ApiParts& parts, const std::string& actor, std::uint32_t task, net::Responder respond,
            std::function<void(Known)> then) {
    parts.ask<core::TaskList>(
        actor, core::ListTasks{}, respond,
        [&parts, actor, task, respond, then = std::move(then)](core::TaskList tasks) {
            parts.ask<core::ModelList>(
                actor, core::ListModels{}, respond,
                [&parts, actor, task, respond, then, tasks](core::ModelList models) {
                    parts.ask<core::PolicyHistory>(
                        actor, core::ListPolicyVersions{task}, respond,
                        [then, tasks, models](core::PolicyHistory history) {
                            then({tasks, models, std::move(history)});
                        });
                });
        });
}

Result<std::vector<CompiledPart>> compile(const Known& known, const wire::PolicyTargetQuery& wanted,
                                          const std::string& text) {
    const auto* task = find_task(known.tasks, wanted.task);
    const auto release = std::ranges::find_if(known.models.releases, [&](const auto& one) {
        return one->model == wanted.model && one->release == wanted.release;
    });
    if (task == nullptr || release == known.models.releases.end()) {
        return base::fail(ErrorKind::kNotFound, "no such task or release", {},
                          "GET /api/v1/tasks and /api/v1/models list them.");
    }
    return compile_parts(text, *task, **release, known.tasks.next_policy);
}

/// Of a text that was compiled, so it can be read.
std::uint32_t group_share(const Known& known, std::uint32_t task, const std::string& text) {
    return policy::read_group_share(text, "policy", find_task(known.tasks, task)->name).value_or(0);
}

using MakeVersion = std::function<Result<core::SetPolicy>(const Known&)>;

/// Makes a version of what is known and sets it: once more from the start if somebody was faster,
/// for numbers are shared by all tasks.
void set_version(ApiParts& parts, const std::string& actor, std::uint32_t task,
                 const net::Responder& respond, const MakeVersion& make, bool is_again = false) {
    gather(parts, actor, task, respond,
           [&parts, actor, task, respond, make, is_again](const Known& known) {
               auto command = make(known);
               if (!command) {
                   respond(wire::problem(command.error()));
                   return;
               }
               parts.gateway.ask(
                   actor, std::move(*command),
                   [&parts, actor, task, respond, make,
                    is_again](const Result<core::AdminReply>& reply) {
                       if (!reply && reply.error().kind == ErrorKind::kConflict && !is_again) {
                           set_version(parts, actor, task, respond, make, true);
                           return;
                       }
                       respond(wire::admin_response(200, reply));
                   });
           });
}

Result<core::SetPolicy> authored_version(const Known& known, const wire::SetPolicyQuery& wanted,
                                         const std::string& text, const crypto::ReleaseKey& key) {
    const auto compiled = compile(known, wanted.target, text);
    auto signed_parts = compiled ? sign_parts(*compiled, key) : tl::unexpected(compiled.error());
    if (!signed_parts) {
        return tl::unexpected(signed_parts.error());
    }
    core::SetPolicy command;
    command.version = {
        .task = wanted.target.task,
        .version = known.tasks.next_policy,
        .origin = core::PolicyOrigin::kAuthored,
        .release = wanted.target.model.text() + "@" + std::to_string(wanted.target.release),
        .text = text,
        .comment = wanted.comment,
        .parts = std::move(*signed_parts),
        .group_share_permille = group_share(known, wanted.target.task, text)};
    command.steps = wanted.steps;
    return command;
}

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
    const std::string text(base::as_text(request.body));
    set_version(parts, request.actor.name, wanted->target.task, respond,
                [text, key, wanted = *wanted](const Known& known) {
                    return authored_version(known, wanted, text, *key);
                });
}

/// The content of an earlier version, or of several, under a new number.
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

/// Every device class goes back to what it obeyed before the version on its way.
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
    if (!wanted.to && known.history.candidate != 0) {
        return taken_back(known, wanted.comment, key);
    }
    const auto* source =
        wanted.to ? find_version(known.history, *wanted.to) : version_before(known.history);
    if (source == nullptr) {
        return tl::unexpected(no_such("there is no such version of the task's policy to go back to",
                                      "frugalctl policy history lists them."));
    }
    return version_again(*source, known.tasks.next_policy, wanted.comment, key);
}

void revert_policy(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto wanted = wire::read_revert_policy(request);
    if (!wanted) {
        respond(wire::problem(wanted.error()));
        return;
    }
    if (const auto* key = signing_key(parts, respond)) {
        set_version(
            parts, request.actor.name, wanted->task, respond,
            [wanted = *wanted, key](const Known& known) { return reverted(known, wanted, *key); });
    }
}

void abort_rollout(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto task = wire::read_task(request);
    if (!task) {
        respond(wire::problem(task.error()));
        return;
    }
    if (const auto* key = signing_key(parts, respond)) {
        set_version(parts, request.actor.name, *task, respond,
                    [key](const Known& known) { return taken_back(known, {}, *key); });
    }
}

const std::vector<std::string>& labels_of(const Known& known, std::uint32_t task) {
    static const std::vector<std::string> kNone;
    const auto* record = find_task(known.tasks, task);
    return record != nullptr ? record->labels : kNone;
}

std::vector<std::string> bound_words(const std::string& text, const core::TaskRecord& task) {
    const auto bounds = owner_bounds_of(text, task);
    return bounds ? policy::describe(*bounds, task.labels) : std::vector<std::string>{};
}

void get_version(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto task = wire::read_task(request);
    const auto number = wire::read_policy_version(request);
    if (!task || !number) {
        respond(wire::problem(!task ? task.error() : number.error()));
        return;
    }
    gather(parts, request.actor.name, *task, respond,
           [task = *task, number = *number, respond](const Known& known) {
               const auto* version = find_version(known.history, number);
               if (version == nullptr) {
                   respond(wire::problem(
                       no_such("the task's policy has no version " + std::to_string(number),
                               "frugalctl policy history lists them.")));
                   return;
               }
               std::vector<std::string> bounds;
               if (const auto* record = find_task(known.tasks, task)) {
                   bounds = bound_words(version->text, *record);
               }
               std::vector<wire::PolicyPartWords> words;
               for (const auto& part : version->parts) {
                   if (const auto compiled = policy::read_compiled(part.blob->content())) {
                       auto lines = policy::describe(*compiled, task, labels_of(known, task));
                       lines.insert(lines.end(), bounds.begin(), bounds.end());
                       words.push_back({part.device_class.text(), std::move(lines)});
                   }
               }
               respond(wire::json_response(200, wire::policy_version_json(*version, words)));
           });
}

void get_difference(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto wanted = wire::read_policy_difference(request);
    if (!wanted) {
        respond(wire::problem(wanted.error()));
        return;
    }
    gather(parts, request.actor.name, wanted->task, respond,
           [task = wanted->task, from = wanted->from, until = wanted->until,
            respond](const Known& known) {
               const auto* before = find_version(known.history, from);
               const auto* after = find_version(known.history, until);
               if (before == nullptr || after == nullptr) {
                   respond(
                       wire::problem(no_such("query keys from and until do not both name a version",
                                             "frugalctl policy history lists them.")));
                   return;
               }
               auto parts_differ =
                   compare_parts(parts_of(*before), parts_of(*after), task, labels_of(known, task));
               compare_shares(before->group_share_permille, after->group_share_permille,
                              parts_differ);
               if (const auto* record = find_task(known.tasks, task)) {
                   compare_bounds(before->text, after->text, *record, parts_differ);
               }
               respond(wire::json_response(
                   200, wire::policy_difference_json(std::to_string(from), std::to_string(until),
                                                     parts_differ)));
           });
}

void compare_file(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto wanted = wire::read_compare_policy(request);
    if (!wanted) {
        respond(wire::problem(wanted.error()));
        return;
    }
    const std::string text(base::as_text(request.body));
    gather(parts, request.actor.name, wanted->task, respond,
           [text, wanted = *wanted, respond](const Known& known) {
               const auto compiled = compile(known, wanted, text);
               if (!compiled) {
                   respond(wire::problem(compiled.error()));
                   return;
               }
               std::vector<CompiledPart> now;
               std::uint32_t share_now = 0;
               std::string text_now;
               for (const auto& policy : known.tasks.policies) {
                   if (policy.task == wanted.task) {
                       now.push_back({policy.device_class, policy.blob->content()});
                       share_now = policy.group_share_permille;
                       const auto* version = find_version(known.history, policy.policy);
                       text_now = version != nullptr ? version->text : text_now;
                   }
               }
               auto differs =
                   compare_parts(now, *compiled, wanted.task, labels_of(known, wanted.task));
               compare_shares(share_now, group_share(known, wanted.task, text), differs);
               compare_bounds(text_now, text, *find_task(known.tasks, wanted.task), differs);
               respond(wire::json_response(
                   200, wire::policy_difference_json("in force", "file", differs)));
           });
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
    handlers["compare_policy"] = with(compare_file);
    handlers["get_policy_version"] = with(get_version);
    handlers["get_policy_difference"] = with(get_difference);
    handlers["abort_policy_rollout"] = with(abort_rollout);
    handlers["list_policy_versions"] = of_task<core::ListPolicyVersions>(parts);
    handlers["get_policy_rollout"] = of_task<core::GetPolicyRollout>(parts);
    handlers["resume_policy_rollout"] = of_task<core::ResumePolicyRollout>(parts);
}

}  // namespace frugal::app
