// SPDX-License-Identifier: Apache-2.0
// A task as a person names it: by its number or by its name. pick_task() is pure; find_task() asks
// the daemon for its tasks, blocking.
#pragma once

#include <string>

#include <boost/json/value.hpp>

#include "base/result.hpp"
#include "cli/command.hpp"

namespace frugal::cli {

/// The number of the task that `text` names in an answer of GET /api/v1/tasks. A text that is some
/// task's number is that task, whatever others are called. kNotFound lists the tasks there are.
base::Result<std::uint32_t> pick_task(const boost::json::value& answer, const std::string& text);

/// The same with the daemon's own tasks. Errors of ApiClient::call() and pick_task().
base::Result<std::uint32_t> find_task(const Context& context, const std::string& text);

}  // namespace frugal::cli
