// SPDX-License-Identifier: Apache-2.0
#include "app/released_task.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace frugal::app {

using base::ErrorKind;
using base::Result;

namespace {

constexpr const char* kModels = "frugalctl model list (GET /api/v1/models) shows the releases.";

base::Error no_such_release(const core::ModelList& models, const base::ReleaseName& name) {
    std::uint32_t newest = 0;
    for (const auto& release : models.releases) {
        newest = release->model == name.model ? std::max(newest, release->release) : newest;
    }
    return {ErrorKind::kNotFound, "there is no release " + name.text(),
            newest == 0 ? "this gateway has no model named " + name.model.text()
                        : "the newest of " + name.model.text() + " is " +
                              base::ReleaseName{name.model, newest}.text(),
            kModels};
}

}  // namespace

Result<ReleasedTask> find_released(const core::TaskList& tasks, const core::ModelList& models,
                                   std::uint32_t task, const base::ReleaseName& name) {
    const auto record = std::ranges::find(tasks.tasks, task, &core::TaskRecord::task);
    if (record == tasks.tasks.end()) {
        return base::fail(ErrorKind::kNotFound, "there is no task " + std::to_string(task), {},
                          "frugalctl task list (GET /api/v1/tasks) shows the tasks.");
    }
    const auto release = std::ranges::find_if(models.releases, [&](const auto& one) {
        return one->model == name.model && one->release == name.number;
    });
    if (release == models.releases.end()) {
        return tl::unexpected(no_such_release(models, name));
    }
    if ((*release)->task != task) {
        return base::fail(ErrorKind::kConflict,
                          "release " + name.text() + " is not of task " + std::to_string(task),
                          "its models are of task " + std::to_string((*release)->task),
                          fmt::format("Name a release of this task: {}", kModels));
    }
    return ReleasedTask{&*record, *release};
}

}  // namespace frugal::app
