// SPDX-License-Identifier: Apache-2.0
#include "app/canary_measure.hpp"

#include <algorithm>

#include "app/policy_learner.hpp"
#include "app/released_task.hpp"
#include "wire/json_views_learning.hpp"

namespace frugal::app {

namespace {

using base::ErrorKind;
using base::Result;

const core::EdgeModelRecord* serving(const core::TaskList& tasks, std::uint32_t task) {
    const auto found = std::ranges::find(tasks.edge_models, task, &core::EdgeModelRecord::task);
    return found == tasks.edge_models.end() ? nullptr : &*found;
}

constexpr std::size_t kMeasurementsMax = 4;  // each holds its samples and models

base::Error too_busy() {
    return {ErrorKind::kUnavailable, "the samples were not measured",
            "other samples are being measured, and some wait", "Send them again in a minute."};
}

// One model for each device class and digest; files come later.
Result<CanaryJob> plan(const wire::CanaryRequest& request, const core::TaskList& tasks,
                       const core::ModelList& models) {
    const auto found = find_released(tasks, models, request.task, {request.model, request.release});
    if (!found) {
        return base::fail(found.error(), "the samples cannot be used");
    }
    CanaryJob job;
    job.task = request.task;
    job.classes =
        std::max<std::uint32_t>(2, static_cast<std::uint32_t>(found->task->labels.size()));
    for (const auto& variant : found->release->variants) {
        const auto& manifest = variant.manifest->content();
        const bool is_known = std::ranges::any_of(job.locals, [&](const CanaryModel& local) {
            return local.digest == manifest.model_digest &&
                   local.device_class == manifest.device_class;
        });
        if (!is_known) {
            job.locals.push_back({manifest.device_class, manifest.model_digest, {}});
        }
    }
    return job;
}

// On the pool for slow work, where the reader lives.
Result<CanaryJob> load(ApiParts& parts, CanaryJob job, const core::EdgeModelRecord* now,
                       std::optional<EdgeCandidate> candidate) {
    for (auto& local : job.locals) {
        auto file = parts.reader.blob(local.digest);
        if (!file) {
            return tl::unexpected(file.error());
        }
        local.file = std::move(*file);
    }
    auto file = now != nullptr ? parts.reader.blob(now->digest) : Result<base::Bytes>();
    if (!file) {
        return tl::unexpected(file.error());
    }
    if (candidate) {
        job.before =
            now != nullptr && now->digest != candidate->digest ? std::move(*file) : base::Bytes();
        job.edge = std::move(candidate->file);
        job.edge_digest = candidate->digest;
    } else if (now == nullptr) {
        return base::fail(ErrorKind::kConflict, "the samples cannot be used",
                          "no edge model answers the task",
                          "Set one with frugalctl task set-edge-model.");
    } else {
        job.edge = std::move(*file);
        job.edge_digest = now->digest;
    }
    job.stop = parts.measuring_stop.get_token();
    return job;
}

// Takes up to a minute: uploads and the learner's rounds, which share the pool for slow work, must
// not wait so long.
void run(ApiParts& parts, std::shared_ptr<const CanaryJob> job, Measured begun,
         const net::Responder& respond, std::function<void(Measured)> then) {
    parts.run_on(
        parts.measuring, [job] { return run_canary(*job); },
        [&parts, job, begun = std::move(begun), respond,
         then = std::move(then)](Result<std::vector<CanaryPair>> pairs) mutable {
            --parts.measurements;
            if (!pairs) {
                respond(wire::problem(pairs.error()));
                return;
            }
            begun.edge_model = job->edge_digest;
            begun.pairs = std::move(*pairs);
            then(std::move(begun));
        });
}

wire::MeasuredPairView view_of(const CanaryPair& pair) {
    return {.device_class = pair.device_class.text(),
            .model = pair.model,
            .samples = pair.figures.samples,
            .local_right = pair.figures.local_right,
            .edge_right = pair.figures.edge_right,
            .before_right = pair.figures.before_right,
            .temperature = pair.registration.temperature,
            .rho = pair.registration.rho,
            .gains = {pair.gains.begin(), pair.gains.end()}};
}

}  // namespace

void measure(ApiParts& parts, const std::string& actor, wire::CanaryRequest request,
             std::optional<EdgeCandidate> candidate, net::Responder respond,
             std::function<void(Measured)> then) {
    const auto wanted = std::make_shared<wire::CanaryRequest>(std::move(request));
    const auto go_on = [&parts, wanted, candidate = std::move(candidate), respond,
                        then = std::move(then)](const core::TaskList& tasks,
                                                const core::ModelList& models) {
        auto job = plan(*wanted, tasks, models);
        if (!job) {
            respond(wire::problem(job.error()));
            return;
        }
        if (parts.measurements >= kMeasurementsMax) {
            respond(wire::problem(too_busy()));
            return;
        }
        ++parts.measurements;
        job->inputs = std::move(wanted->inputs);
        job->labels = std::move(wanted->labels);
        const auto* now = serving(tasks, job->task);
        const auto changes = tasks.owner_changes.find(job->task);
        Measured begun{.task = job->task,
                       .predecessor = {now != nullptr ? std::optional(now->digest) : std::nullopt},
                       .owner_changes = changes != tasks.owner_changes.end() ? changes->second : 0};
        parts.run_slow(
            [&parts, job = std::move(*job), tasks, candidate]() mutable {
                const auto* serves = serving(tasks, job.task);
                return load(parts, std::move(job), serves, candidate);
            },
            [&parts, begun = std::move(begun), respond, then](Result<CanaryJob> loaded) mutable {
                if (!loaded) {
                    --parts.measurements;
                    respond(wire::problem(loaded.error()));
                    return;
                }
                run(parts, std::make_shared<const CanaryJob>(std::move(*loaded)), std::move(begun),
                    respond, then);
            });
    };
    parts.ask<core::TaskList>(
        actor, core::ListTasks{}, respond, [&parts, actor, respond, go_on](core::TaskList tasks) {
            parts.ask<core::ModelList>(
                actor, core::ListModels{}, respond,
                [go_on, tasks](const core::ModelList& models) { go_on(tasks, models); });
        });
}

void register_measured(ApiParts& parts, const std::string& actor, const Measured& measured,
                       const net::Responder& respond) {
    std::vector<wire::MeasuredPairView> views;
    for (const auto& pair : measured.pairs) {
        views.push_back(view_of(pair));
    }
    parts.learner->register_pairs(
        actor, measured,
        [respond, body = wire::canary_json(measured.task, measured.edge_model, views)](
            const Result<core::AdminReply>& reply) {
            respond(reply ? wire::json_response(200, body) : wire::problem(reply.error()));
        });
}

}  // namespace frugal::app
