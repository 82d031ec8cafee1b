// SPDX-License-Identifier: Apache-2.0
// What was learned, and what a policy would do: questions, no changes.
#include <algorithm>

#include "app/api_parts.hpp"
#include "app/policy_builder.hpp"
#include "app/policy_changes.hpp"
#include "app/policy_learner.hpp"
#include "app/released_task.hpp"
#include "app/what_if_run.hpp"
#include "policy/author/policy_file.hpp"
#include "wire/http_query.hpp"
#include "wire/policy_queries.hpp"

namespace frugal::app {

namespace {

using base::Result;
using wire::HttpRequest;

constexpr std::uint64_t kHoursMax = 24 * 31;
constexpr std::uint64_t kHoursDefault = 24;
constexpr std::uint32_t kRowsMax = 10'000'000;
constexpr std::int64_t kHour_ms = 3'600'000;
constexpr std::uint64_t kTaskLast = 255;

struct Question {
    std::string text;
    std::uint32_t task = 0;
    wire::PolicyTargetQuery release;
    std::uint64_t hours = kHoursDefault;
};

/// Of the policy's and the task's own; 0 is no limit.
std::uint32_t lesser_share(std::uint32_t one, std::uint32_t other) {
    return one == 0 || other == 0 ? one + other : std::min(one, other);
}

/// Of all releases that bring devices this very model: an earlier one may, and one that goes back.
std::vector<std::uint32_t> counters_of(const core::ModelList& models, const core::TaskRecord& task,
                                       const base::Digest& model) {
    std::vector<std::uint32_t> counters;
    for (const auto& release : models.releases) {
        const bool has_it = std::ranges::any_of(release->variants, [&](const auto& variant) {
            return variant.manifest->content().model_digest == model;
        });
        if (release->task == task.task && has_it) {
            counters.push_back(release->counter);
        }
    }
    return counters;
}

Result<std::vector<WhatIfPart>> parts_of(const Question& question, const core::TaskList& tasks,
                                         const core::ModelList& models) {
    const auto found = find_released(tasks, models, question.task, question.release.release);
    if (!found) {
        return tl::unexpected(found.error());
    }
    const auto* task = found->task;
    if (const auto proved = prove(question.text, *task, input_bytes(tasks, task->task)); !proved) {
        return tl::unexpected(proved.error());
    }
    const auto share = policy::read_group_share(question.text, "policy", task->name);
    if (!share) {
        return tl::unexpected(share.error());
    }
    const auto edge =
        std::ranges::find(tasks.edge_models, question.task, &core::EdgeModelRecord::task);
    std::vector<WhatIfPart> parts;
    for (const auto& variant : found->release->variants) {
        const auto& manifest = variant.manifest->content();
        const policy::PolicyTarget target{task->name, task->task, manifest.model_digest,
                                          task->labels, 1};
        auto compiled = policy::compile_policy(question.text, "policy", target);
        auto terms = policy::read_learn_terms(question.text, "policy", target);
        if (!compiled || !terms) {
            return tl::unexpected(!compiled ? compiled.error() : terms.error());
        }
        WhatIfPart part{manifest.device_class.text(), std::move(*compiled), std::move(*terms)};
        part.task = task->task;
        part.classes = std::max<std::uint32_t>(2, static_cast<std::uint32_t>(task->labels.size()));
        part.payload_bytes = edge == tasks.edge_models.end() ? 0 : edge->input_bytes;
        part.hours = static_cast<double>(question.hours);
        part.model = manifest.model_digest;
        part.edge = edge == tasks.edge_models.end() ? base::Digest{} : edge->digest;
        part.share_permille = lesser_share(*share, task->group_share_permille);
        part.releases = counters_of(models, *task, part.model);
        parts.push_back(std::move(part));
    }
    return parts;
}

// On the pool.
Result<std::string> simulate(ApiParts& parts, const Question& question,
                             std::vector<WhatIfPart> candidates) {
    const auto now = parts.clock().wall;
    const base::WallTime since{now.unix_ms - static_cast<std::int64_t>(question.hours) * kHour_ms};
    const std::uint32_t task = question.task;
    auto decisions = parts.reader.decision_contexts(task, since, kRowsMax);
    auto observations = parts.reader.observations(task, since, kRowsMax);
    auto classes = parts.reader.device_classes();
    auto accounts = parts.reader.escalation_accounts();
    const auto canaries = parts.reader.canaries();
    if (!decisions || !observations || !classes || !accounts || !canaries) {
        return tl::unexpected(!decisions      ? decisions.error()
                              : !observations ? observations.error()
                              : !classes      ? classes.error()
                              : !accounts     ? accounts.error()
                                              : canaries.error());
    }
    // From a time when this clock was wrong: no part of the hours asked for.
    std::erase_if(*decisions,
                  [now](const auto& record) { return now.unix_ms < record.received_at.unix_ms; });
    std::erase_if(*observations,
                  [now](const auto& record) { return now.unix_ms < record.at.unix_ms; });
    const WhatIfRecords records{std::move(*decisions), std::move(*observations),
                                std::move(*classes), std::move(*accounts)};
    std::vector<wire::SimulationView> views;
    for (auto& candidate : candidates) {
        take_canaries(candidate, *canaries);
        views.push_back(run_what_if(candidate, records));
    }
    return wire::simulation_json(task, views);
}

void simulate_policy(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto release = wire::read_compare_policy(request);
    wire::QueryReader query(request, {"release", "hours"});
    const auto hours = query.number("hours", kHoursMax).value_or(kHoursDefault);
    if (hours == 0) {
        query.reject("hours", "at least 1");
    }
    const auto finished = query.finish();
    if (!release || !finished) {
        respond(wire::problem(!release ? release.error() : finished.error()));
        return;
    }
    const Question question{std::string(base::as_text(request.body)), release->task, *release,
                            hours};
    const std::string actor = request.actor.name;
    parts.ask<core::TaskList>(
        actor, core::ListTasks{}, respond,
        [&parts, actor, question, respond](const core::TaskList& tasks) {
            parts.ask<core::ModelList>(
                actor, core::ListModels{}, respond,
                [&parts, question, tasks, respond](const core::ModelList& models) {
                    auto candidates = parts_of(question, tasks, models);
                    if (!candidates) {
                        respond(wire::problem(candidates.error()));
                        return;
                    }
                    parts.run_slow(
                        [&parts, question, candidates = std::move(*candidates)] {
                            return simulate(parts, question, candidates);
                        },
                        [respond](Result<std::string> body) {
                            respond(body ? wire::json_response(200, std::move(*body))
                                         : wire::problem(body.error()));
                        });
                });
        });
}

}  // namespace

void add_learning_handlers(net::HttpHandlers& handlers, ApiParts& parts) {
    handlers["simulate_policy"] = [&parts](HttpRequest request, net::Responder respond) {
        simulate_policy(parts, request, respond);
    };
    handlers["list_learned"] = [&parts](HttpRequest request, net::Responder respond) {
        wire::QueryReader query(request, {"task"});
        const auto task = query.number("task", kTaskLast);
        if (const auto finished = query.finish(); !finished) {
            respond(wire::problem(finished.error()));
            return;
        }
        parts.learner->list(task ? std::optional(static_cast<std::uint32_t>(*task)) : std::nullopt,
                            std::move(respond));
    };
}

}  // namespace frugal::app
