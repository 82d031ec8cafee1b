// SPDX-License-Identifier: Apache-2.0
// Policies over REST: one version in words, and what two versions, or a file and what is in force,
// say differently. Pure reading.
#include <algorithm>

#include "app/file_difference.hpp"
#include "app/policy_changes.hpp"
#include "app/policy_choice.hpp"
#include "core/offload/policy_comparison.hpp"
#include "policy/author/compiled_policy.hpp"
#include "wire/entity_tag.hpp"
#include "wire/json_commands.hpp"

namespace frugal::app {

namespace {

using base::ErrorKind;
using wire::HttpRequest;

std::string version_json(const Known& known, std::uint32_t task,
                         const core::PolicyVersionRecord& version) {
    const auto* record = find_task(known.tasks, task);
    std::vector<wire::PolicyPartWords> words;
    for (const auto& part : version.parts) {
        if (const auto compiled = policy::read_compiled(part.blob->content())) {
            auto lines = policy::describe(*compiled, task, labels_of(known, task));
            if (record != nullptr) {
                const auto untold = words_of_text(version, part.device_class, *record);
                lines.insert(lines.end(), untold.begin(), untold.end());
            }
            words.push_back({part.device_class.text(), std::move(lines), part.source});
        }
    }
    return wire::policy_version_json(version, words);
}

void get_policy(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto wanted = wire::read_list_policy_versions(request);
    if (!wanted) {
        respond(wire::problem(wanted.error()));
        return;
    }
    gather(parts, request.actor.name, wanted->task, wanted->audience, respond,
           [wanted = *wanted, respond](const Known& known) {
               const auto* version = newest_set(known.history, wanted.audience);
               if (version == nullptr) {
                   respond(wire::problem(
                       {ErrorKind::kNotFound,
                        "nobody has set a policy of task " + std::to_string(wanted.task) +
                            (wanted.audience.is_class() ? "" : " for " + wanted.audience.words()),
                        {},
                        "Set one: frugalctl policy set, or PUT to this address."}));
                   return;
               }
               auto response = wire::json_response(200, version_json(known, wanted.task, *version));
               response.fields.push_back({"etag", wire::entity_tag(version->version)});
               respond(std::move(response));
           });
}

void get_version(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto task = wire::read_task(request);
    const auto number = wire::read_policy_version(request);
    if (!task || !number) {
        respond(wire::problem(!task ? task.error() : number.error()));
        return;
    }
    gather(parts, request.actor.name, *task, {}, respond,
           [task = *task, number = *number, respond](const Known& known) {
               const auto* version = find_version(known.history, number);
               if (version == nullptr) {
                   respond(wire::problem(no_such_version("the task's policy has no version " +
                                                         std::to_string(number))));
                   return;
               }
               respond(wire::json_response(200, version_json(known, task, *version)));
           });
}

/// Of two versions what can be compared: the parts of both, or, of an override and a class's
/// version, what either says to the override's classes.
struct Comparable {
    std::vector<CompiledPart> before;
    std::vector<CompiledPart> after;
};

Comparable comparable(const core::PolicyVersionRecord& before,
                      const core::PolicyVersionRecord& after) {
    if (before.audience == after.audience) {
        return {parts_of(before), parts_of(after)};
    }
    Comparable both;
    for (const auto& part : before.audience.is_class() ? after.parts : before.parts) {
        for (const auto& [version, parts] :
             {std::pair(&before, &both.before), std::pair(&after, &both.after)}) {
            if (const auto* own = core::part_for(*version, part.device_class)) {
                parts->push_back({part.device_class, own->blob->content()});
            }
        }
    }
    return both;
}

void compare_text(const TextPair& texts, const core::TaskRecord& task,
                  std::vector<wire::PolicyPartDifference>& differs) {
    compare_bounds(texts, task, differs);
    compare_words(texts, task, differs);
}

/// Texts that hold for single classes are compared for those.
void compare_texts(const core::PolicyVersionRecord& before, const core::PolicyVersionRecord& after,
                   const core::TaskRecord& task, std::vector<wire::PolicyPartDifference>& differs) {
    const auto has_own = [](const core::PolicyPart& part) { return part.source.has_value(); };
    if (std::ranges::none_of(before.parts, has_own) && std::ranges::none_of(after.parts, has_own)) {
        compare_text({"any", before.text, after.text}, task, differs);
        return;
    }
    for (const auto& part : after.parts) {
        const auto& device_class = part.device_class;
        if (core::part_for(before, device_class) != nullptr) {
            compare_text({device_class.text(), core::source_of(before, device_class).text,
                          core::source_of(after, device_class).text},
                         task, differs);
        }
    }
}

void get_difference(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto wanted = wire::read_policy_difference(request);
    if (!wanted) {
        respond(wire::problem(wanted.error()));
        return;
    }
    gather(parts, request.actor.name, wanted->task, {}, respond,
           [task = wanted->task, from = wanted->from, until = wanted->until,
            respond](const Known& known) {
               const auto* before = find_version(known.history, from);
               const auto* after = find_version(known.history, until);
               if (before == nullptr || after == nullptr) {
                   respond(wire::problem(
                       no_such_version("query keys from and until do not both name a version")));
                   return;
               }
               const auto both = comparable(*before, *after);
               auto differs = compare_parts(both.before, both.after, task, labels_of(known, task));
               if (before->audience.is_class() && after->audience.is_class()) {
                   compare_shares(before->group_share_permille, after->group_share_permille,
                                  differs);
               }
               if (const auto* record = find_task(known.tasks, task)) {
                   compare_texts(*before, *after, *record, differs);
               }
               respond(wire::json_response(
                   200, wire::policy_difference_json(std::to_string(from), std::to_string(until),
                                                     differs)));
           });
}

void compare_file(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto wanted = wire::read_compare_policy(request);
    if (!wanted) {
        respond(wire::problem(wanted.error()));
        return;
    }
    const std::string text(base::as_text(request.body));
    gather(parts, request.actor.name, wanted->task, wanted->audience, respond,
           [text, wanted = *wanted, respond](const Known& known) {
               const auto differs = file_difference(known, wanted, text);
               if (!differs) {
                   respond(wire::problem(differs.error()));
                   return;
               }
               respond(wire::json_response(
                   200, wire::policy_difference_json("in force", "file", *differs)));
           });
}

}  // namespace

void add_policy_view_handlers(net::HttpHandlers& handlers, ApiParts& parts) {
    const auto with = [&parts](auto* operation) {
        return [&parts, operation](HttpRequest request, net::Responder respond) {
            operation(parts, request, respond);
        };
    };
    handlers["compare_policy"] = with(compare_file);
    handlers["get_policy"] = with(get_policy);
    handlers["get_policy_version"] = with(get_version);
    handlers["get_policy_difference"] = with(get_difference);
}

}  // namespace frugal::app
