// SPDX-License-Identifier: Apache-2.0
// A task and a release of its models, found by what people named. Pure; any thread.
#pragma once

#include <memory>

#include "base/release_name.hpp"
#include "base/result.hpp"
#include "core/admin.hpp"

namespace frugal::app {

/// `task` points into the list it was found in.
struct ReleasedTask {
    const core::TaskRecord* task = nullptr;
    std::shared_ptr<const core::ReleaseRecord> release{};
};

/// kNotFound if there is no such task, model or release; kConflict if it is another task's.
base::Result<ReleasedTask> find_released(const core::TaskList& tasks, const core::ModelList& models,
                                         std::uint32_t task, const base::ReleaseName& name);

}  // namespace frugal::app
