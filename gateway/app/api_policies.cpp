// SPDX-License-Identifier: Apache-2.0
// Policies over REST: set, revert, look at versions and differences, follow and steer their way to
// the devices. The core keeps and stages them; compiling and signing happens here.
#include <algorithm>
#include <optional>

#include "app/api_parts.hpp"
#include "app/policy_builder.hpp"
#include "core/offload/policy_desk.hpp"
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

const core::PolicyVersionRecord* find_version(const core::PolicyHistory& history,
                                              std::uint32_t version) {
    const auto found = std::ranges::find_if(
        history.versions, [&](const auto& candidate) { return candidate->version == version; });
    return found == history.versions.end() ? nullptr : found->get();
}

wire::HttpResponse no_such(const std::string& what, const std::string& remedy) {
    return wire::problem(base::Error{ErrorKind::kNotFound, what, {}, remedy});
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

void learn(ApiParts& parts, const std::string& actor, std::uint32_t task, net::Responder respond,
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

Result<std::vector<CompiledPart>> compile(const Known& known, const wire::SetPolicyQuery& wanted,
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
    const std::string actor = request.actor.name;
    const std::string text(base::as_text(request.body));
    learn(parts, actor, wanted->task, respond,
          [&parts, actor, text, key, wanted = *wanted, respond](const Known& known) {
              const auto compiled = compile(known, wanted, text);
              auto signed_parts =
                  compiled ? sign_parts(*compiled, *key) : tl::unexpected(compiled.error());
              if (!signed_parts) {
                  respond(wire::problem(signed_parts.error()));
                  return;
              }
              core::SetPolicy command;
              command.version = {
                  .task = wanted.task,
                  .version = known.tasks.next_policy,
                  .origin = core::PolicyOrigin::kAuthored,
                  .release = wanted.model.text() + "@" + std::to_string(wanted.release),
                  .text = text,
                  .comment = wanted.comment,
                  .parts = std::move(*signed_parts),
                  .group_share_permille = group_share(known, wanted.task, text)};
              command.steps = wanted.steps;
              parts.gateway.ask(actor, std::move(command),
                                [respond](const Result<core::AdminReply>& reply) {
                                    respond(wire::admin_response(200, reply));
                                });
          });
}

/// False if going back to `earlier` would leave a device class of `now` as it is.
bool is_for_classes_of(const core::PolicyVersionRecord& earlier,
                       const core::PolicyVersionRecord& now) {
    return std::ranges::all_of(now.parts, [&](const core::PolicyPart& part) {
        return core::part_for(earlier, part.device_class) != nullptr;
    });
}

/// The version to go back to: the one asked for, else the newest one before what is in force (or
/// on its way) that has another content for the same device classes.
const core::PolicyVersionRecord* version_before(const core::PolicyHistory& history,
                                                std::optional<std::uint32_t> to) {
    if (to) {
        return find_version(history, *to);
    }
    const auto newest = history.candidate != 0
                            ? history.candidate
                            : (history.in_force.empty() ? 0 : history.in_force.back());
    const auto* now = find_version(history, newest);
    for (const auto& version : history.versions) {
        if (version->version < newest && now != nullptr && version->digest != now->digest &&
            is_for_classes_of(*version, *now)) {
            return version.get();
        }
    }
    return nullptr;
}

void set_again(ApiParts& parts, const std::string& actor, const core::PolicyVersionRecord& source,
               std::uint32_t number, const std::string& comment, const net::Responder& respond) {
    const auto* key = signing_key(parts, respond);
    if (key == nullptr) {
        return;
    }
    auto signed_parts = sign_parts(parts_again(source, number), *key);
    if (!signed_parts) {
        respond(wire::problem(signed_parts.error()));
        return;
    }
    core::SetPolicy command;
    command.version = source;
    command.version.version = number;
    command.version.origin = core::PolicyOrigin::kReverted;
    command.version.source = source.version;
    command.version.comment = comment;
    command.version.parts = std::move(*signed_parts);
    parts.gateway.ask(actor, std::move(command), [respond](const Result<core::AdminReply>& reply) {
        respond(wire::admin_response(200, reply));
    });
}

void revert_policy(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto wanted = wire::read_revert_policy(request);
    if (!wanted) {
        respond(wire::problem(wanted.error()));
        return;
    }
    const std::string actor = request.actor.name;
    learn(parts, actor, wanted->task, respond,
          [&parts, actor, wanted = *wanted, respond](const Known& known) {
              const auto* source = version_before(known.history, wanted.to);
              if (source == nullptr) {
                  respond(no_such("there is no such version of the task's policy to go back to",
                                  "frugalctl policy history lists them."));
                  return;
              }
              set_again(parts, actor, *source, known.tasks.next_policy, wanted.comment, respond);
          });
}

// Abort is going back to what the candidate was compared with.
void abort_rollout(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto task = wire::read_task(request);
    if (!task) {
        respond(wire::problem(task.error()));
        return;
    }
    const std::string actor = request.actor.name;
    learn(parts, actor, *task, respond, [&parts, actor, task = *task, respond](const Known& known) {
        parts.ask<core::PolicyRolloutView>(
            actor, core::GetPolicyRollout{task}, respond,
            [&parts, actor, known, respond](const core::PolicyRolloutView& view) {
                const auto* baseline = find_version(known.history, view.record.baseline);
                if (known.history.candidate == 0 || baseline == nullptr) {
                    respond(wire::problem(base::Error{
                        ErrorKind::kConflict, "no policy is on its way that could be taken back",
                        "version " + std::to_string(view.record.version) + " is " +
                            std::string(to_string(view.record.status)),
                        "frugalctl policy revert goes back to an earlier version."}));
                    return;
                }
                set_again(parts, actor, *baseline, known.tasks.next_policy,
                          "takes version " + std::to_string(view.record.version) + " back",
                          respond);
            });
    });
}

const std::vector<std::string>& labels_of(const Known& known, std::uint32_t task) {
    static const std::vector<std::string> kNone;
    const auto* record = find_task(known.tasks, task);
    return record != nullptr ? record->labels : kNone;
}

void get_version(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto task = wire::read_task(request);
    const auto number = wire::read_policy_version(request);
    if (!task || !number) {
        respond(wire::problem(!task ? task.error() : number.error()));
        return;
    }
    learn(parts, request.actor.name, *task, respond,
          [task = *task, number = *number, respond](const Known& known) {
              const auto* version = find_version(known.history, number);
              if (version == nullptr) {
                  respond(no_such("the task's policy has no version " + std::to_string(number),
                                  "frugalctl policy history lists them."));
                  return;
              }
              std::vector<wire::PolicyPartWords> words;
              for (const auto& part : version->parts) {
                  if (const auto compiled = policy::read_compiled(part.blob->content())) {
                      words.push_back({part.device_class.text(),
                                       policy::describe(*compiled, task, labels_of(known, task))});
                  }
              }
              respond(wire::json_response(200, wire::policy_version_json(*version, words)));
          });
}

void get_difference(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto task = wire::read_task(request);
    if (!task) {
        respond(wire::problem(task.error()));
        return;
    }
    const auto number = [&](std::string_view key) {
        return static_cast<std::uint32_t>(
            std::strtoul(std::string(request.query_value(key).value_or("")).c_str(), nullptr, 10));
    };
    learn(parts, request.actor.name, *task, respond,
          [task = *task, from = number("from"), until = number("until"),
           respond](const Known& known) {
              const auto* before = find_version(known.history, from);
              const auto* after = find_version(known.history, until);
              if (before == nullptr || after == nullptr) {
                  respond(no_such("query keys from and until do not both name a version",
                                  "frugalctl policy history lists them."));
                  return;
              }
              auto parts_differ =
                  compare_parts(parts_of(*before), parts_of(*after), task, labels_of(known, task));
              compare_shares(before->group_share_permille, after->group_share_permille,
                             parts_differ);
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
    learn(parts, request.actor.name, wanted->task, respond,
          [text, wanted = *wanted, respond](const Known& known) {
              const auto compiled = compile(known, wanted, text);
              if (!compiled) {
                  respond(wire::problem(compiled.error()));
                  return;
              }
              std::vector<CompiledPart> now;
              std::uint32_t share_now = 0;
              for (const auto& policy : known.tasks.policies) {
                  if (policy.task == wanted.task) {
                      now.push_back({policy.device_class, policy.blob->content()});
                      share_now = policy.group_share_permille;
                  }
              }
              auto differs =
                  compare_parts(now, *compiled, wanted.task, labels_of(known, wanted.task));
              compare_shares(share_now, group_share(known, wanted.task, text), differs);
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
